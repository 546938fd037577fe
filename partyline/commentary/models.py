"""Events that are being followed: when, by whom, and what is told of them."""

import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from partyline.live import revoke
from partyline.live.log import drop, hold, take_turn

from .notes import Note
from .reactions import Reaction, Tally

__all__ = ["Event", "Note", "Reaction", "Tally"]

SHOWN = 50  # notes on a page
KEY_MOMENTS = 20  # of them in the list beside


class Event(models.Model):
    """Something that is being followed; its stream is `event:<id>`. Who writes it says `may_write`."""

    title = models.CharField(max_length=120)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    starts = models.DateTimeField(default=timezone.now, db_default=Now())
    ended = models.DateTimeField(null=True, editable=False)
    is_open = models.BooleanField("anyone who is signed in may add updates", default=False, db_default=False)
    commentators = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    pinned = models.ForeignKey("Note", null=True, editable=False, on_delete=models.SET_NULL, related_name="+")
    activity = models.DateTimeField(default=timezone.now, db_default=Now(), db_index=True, editable=False)
    feeds = models.TextField(blank=True, default="", db_default="", editable=False)  # one URL in each line
    changed = models.DateTimeField(auto_now=True, db_default=Now())  # whatever its pages and its feed show

    class Meta:
        ordering = ["-activity", "-pk"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("commentary:event", args=[self.pk])

    @property
    def key(self):
        return f"event:{self.pk}"

    @property
    def status(self):
        """Return "upcoming", "live" or "ended"."""
        if self.ended:
            return "ended"
        return "upcoming" if self.starts > timezone.now() else "live"

    def may_write(self, person):
        """Tell whether the person is one of those who write this commentary."""
        if not person.is_authenticated:
            return False
        if self.is_open or person.pk == self.author_id:
            return True
        return self.commentators.filter(pk=person.pk).exists()

    def may_note(self, person):
        """Tell whether the person may add to it now: to what has ended, nothing is added."""
        return not self.ended and self.may_write(person)

    def told(self, only_key=False):
        """Return the notes that are shown, newest first."""
        notes = self.notes.filter(removed=None, **({"is_key": True} if only_key else {}))
        return notes.select_related("author", "tally").order_by("-pk")

    def key_moments(self):
        """Return the key moments, newest first."""
        return self.notes.filter(is_key=True).order_by("-pk")[:KEY_MOMENTS]

    def delete(self, *args, **kwargs):
        """Delete the event with all that was told; nobody tells anything meanwhile, nor reacts."""
        with transaction.atomic():
            hold(self.key)
            list(self.notes.select_for_update().order_by("pk").values_list("pk"))
            return super().delete(*args, **kwargs)

    def end(self):
        """End it; ending it twice changes nothing."""
        self._turn(timezone.now(), ended__isnull=True)

    def reopen(self):
        """Go on with it."""
        self._turn(None, ended__isnull=False)

    def _turn(self, ended, **only_if):
        now = timezone.now()
        if Event.objects.filter(pk=self.pk, **only_if).update(ended=ended, activity=now, changed=now):
            self.ended = ended

    def note(self, author, text, client_id=None, **source):
        """Keep a note and publish it, once per author and client_id; return it.

        `source_title` and `source_url` say where it was taken from. Raises Event.DoesNotExist where the event
        has been deleted meanwhile.
        """
        client_id = client_id or uuid.uuid4()
        try:
            with transaction.atomic():
                note = Note(event=self, author=author, text=text, client_id=client_id, **source)
                turn = take_turn(self.key, note)
                note.counts = {}
                Event.objects.filter(pk=self.pk).update(activity=note.created, changed=note.created)
                turn.publish(note.as_entry(), thing=note.thing, client_id=str(client_id))
        except IntegrityError:
            note = self.notes.filter(author=author, client_id=client_id).first()
            if note is None:
                raise Event.DoesNotExist(self.pk) from None
        return note


@receiver(post_delete, sender=Event)
def _event_deleted(sender, instance, **kwargs):
    drop(instance.key)
    revoke.stream(instance.key)
