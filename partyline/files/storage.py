"""Django's storage API on the database: the default place for files, since web and worker share no disk.

Bytes are written and read in chunks, so that a file never fills a process's memory. It is meant
for what people make here (transcripts, pictures), up to MAX_SIZE; FILE_STORAGE=s3 is for more.
"""

import io
import mimetypes

from django.core.files.base import File
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction

from .models import CHUNK, Chunk, StoredFile

MAX_SIZE = 100 * 1024 * 1024  # bytes


class FileTooLarge(ValueError):
    """More bytes than the database should hold in one file."""


class DatabaseStorage(Storage):
    """Keep files in the database, inside the caller's transaction: a ROLLBACK takes a saved file back.

    There is no url(), as the base class says: files are not public. A view checks who asks and
    streams what open() returns.
    """

    def __init__(self, max_size=MAX_SIZE):
        self.max_size = max_size

    def _open(self, name, mode="rb"):
        """Return the file for reading; every read asks the database for one chunk at most.

        Raises FileNotFoundError, and ValueError for a mode other than "rb": save() is the way to write.
        """
        if mode != "rb":
            raise ValueError(f"A stored file opens as 'rb', not as {mode!r}; write it by save().")
        return File(io.BufferedReader(_Chunks(self._find(name))), name)

    def _save(self, name, content):
        """Write the chunks and return the name, another one where a save at the same time took it."""
        while True:
            try:
                with transaction.atomic():
                    self._write(name, content)
                return name
            except IntegrityError:
                if not self.exists(name):
                    raise
                name = self.get_available_name(name)

    def _write(self, name, content):
        kind = getattr(content, "content_type", None) or mimetypes.guess_type(name)[0] or ""
        file = StoredFile.objects.create(name=name, content_type=kind)
        if content.seekable():
            content.seek(0)
        for number, data in enumerate(_pieces(content)):
            Chunk.objects.create(file=file, number=number, data=data)
            file.size += len(data)
            if file.size > self.max_size:
                raise FileTooLarge(f"{name} is larger than {self.max_size} bytes.")
        file.save(update_fields=["size"])

    def exists(self, name):
        return StoredFile.objects.filter(name=name).exists()

    def delete(self, name):
        """Delete the file; one that is not there is no error."""
        StoredFile.objects.filter(name=name).delete()

    def size(self, name):
        return self._find(name).size

    def get_created_time(self, name):
        return self._find(name).created

    get_modified_time = get_created_time  # a stored file never changes

    def listdir(self, path):
        """Return ([folders], [files]) right under `path`; it reads every name below it."""
        prefix = f"{path.strip('/')}/".lstrip("/")
        names = StoredFile.objects.filter(name__startswith=prefix).values_list("name", flat=True)
        # SQLite's LIKE ignores case, names do not.
        below = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        folders = {name.partition("/")[0] for name in below if "/" in name}
        return sorted(folders), sorted(name for name in below if "/" not in name)

    def _find(self, name):
        try:
            return StoredFile.objects.get(name=name)
        except StoredFile.DoesNotExist:
            raise FileNotFoundError(f"There is no stored file {name}.") from None


def _pieces(content):
    """Yield the content as pieces of CHUNK bytes, the last one shorter; text becomes UTF-8."""
    rest = bytearray()
    while part := content.read(CHUNK):
        rest += part.encode() if isinstance(part, str) else part
        while len(rest) >= CHUNK:
            yield bytes(rest[:CHUNK])
            del rest[:CHUNK]
    if rest:
        yield bytes(rest)


class _Chunks(io.RawIOBase):
    """A stored file's bytes; it holds one chunk at a time."""

    def __init__(self, file):
        self.file, self.position = file, 0
        self.number, self.data = None, b""

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.file.size}[whence]
        self.position = max(0, start + offset)
        return self.position

    def tell(self):
        return self.position

    def readinto(self, buffer):
        if self.position >= self.file.size:
            return 0
        number, skip = divmod(self.position, CHUNK)
        if number != self.number:
            self.number, self.data = number, memoryview(self._chunk(number))
        data = self.data[skip : skip + len(buffer)]
        buffer[: len(data)] = data
        self.position += len(data)
        return len(data)

    def _chunk(self, number):
        try:
            return self.file.chunks.values_list("data", flat=True).get(number=number)
        except Chunk.DoesNotExist:
            raise FileNotFoundError(f"{self.file} was deleted while it was read.") from None
