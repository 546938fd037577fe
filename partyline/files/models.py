"""Files as rows: one for the file, and one for every CHUNK of its bytes."""

from django.db import models

CHUNK = 256 * 1024  # bytes; a stored file is read by this number, so it changes only with a migration


class StoredFile(models.Model):
    """A file that DatabaseStorage keeps."""

    name = models.CharField(max_length=255, unique=True)
    size = models.BigIntegerField(default=0)  # bytes
    content_type = models.CharField(max_length=100, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name


class Chunk(models.Model):
    """The bytes from `number` × CHUNK on; every chunk but the last is full."""

    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="chunk_once")]

    def __str__(self):
        return f"{self.file_id} {self.number}"
