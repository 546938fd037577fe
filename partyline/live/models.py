"""The log: streams, and their numbered entries."""

import secrets

from django.db import models


def new_epoch():
    """Return a fresh epoch: 16 hex digits, never the same for two numberings of one stream."""
    return secrets.token_hex(8)


class Stream(models.Model):
    """A numbered, append-only log: `key` names it, `head` is its last number, `oldest` its first kept one."""

    key = models.CharField(max_length=90, primary_key=True)
    epoch = models.CharField(max_length=16, default=new_epoch)
    head = models.BigIntegerField(default=0)
    oldest = models.BigIntegerField(default=1)

    def __str__(self):
        return self.key


class Entry(models.Model):
    """One numbered change of a stream: the HTML that makes the change on a page that shows the stream."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE)
    seq = models.BigIntegerField()
    html = models.TextField(blank=True)
    thing = models.CharField(
        max_length=60, blank=True
    )  # what it shows, so that an edit finds it: "message:7"
    amends = models.BooleanField(default=False)  # it changes or removes the thing of an earlier entry
    client_id = models.CharField(max_length=36, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "seq"], name="entry_seq_once")]
        indexes = [
            models.Index(fields=["stream", "thing"], name="entry_of_thing", condition=~models.Q(thing=""))
        ]
        verbose_name_plural = "entries"

    def __str__(self):
        return f"{self.stream_id} {self.seq}"
