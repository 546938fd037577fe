"""Events, and the notes that tell how they go."""

import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Now
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from partyline.live import revoke
from partyline.live.log import amend, drop, hold, take_turn, was_published

from . import reactions, shown
from .reactions import KINDS, Reaction, Tally

__all__ = ["Event", "Note", "Reaction", "Tally"]

TEXT_LIMIT = 4000  # characters of a note
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
        """Delete the event with all that was told; nobody tells anything meanwhile."""
        with transaction.atomic():
            hold(self.key)
            return super().delete(*args, **kwargs)

    def end(self):
        """End it; ending it twice changes nothing."""
        self._turn(timezone.now(), ended=None)

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
                turn = take_turn(self.key)
                note = Note.objects.create(event=self, author=author, text=text, client_id=client_id, **source)
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


class Note(models.Model):
    """One update of a commentary; `client_id` was made in the browser, so that it is told once.

    The row of a removed note stays, without what it told: a resend must not tell it again.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    text = models.TextField(max_length=TEXT_LIMIT)
    created = models.DateTimeField(auto_now_add=True)
    edited = models.DateTimeField(null=True, editable=False)
    removed = models.DateTimeField(null=True, editable=False)
    is_key = models.BooleanField("key moment", default=False, db_default=False)
    source_title = models.CharField(max_length=200, blank=True, default="", db_default="")
    source_url = models.CharField(max_length=2000, blank=True, default="", db_default="")

    mine = ()  # kinds of the reactions that are the reader's own, where a page says whose it is

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "author", "client_id"], name="note_said_once")
        ]
        indexes = [
            models.Index(fields=["event", "-id"], name="note_event_latest"),
            models.Index(fields=["event", "-id"], name="note_key_moments", condition=models.Q(is_key=True)),
        ]

    def __str__(self):
        return self.text[:60]

    def get_absolute_url(self):
        return reverse("commentary:permalink", args=[self.event_id, self.pk])

    @property
    def thing(self):
        return f"note:{self.pk}"

    @property
    def is_pinned(self):
        return self.event.pinned_id == self.pk

    @property
    def source(self):
        """Return the source's address if it is one of the web, else nothing."""
        return self.source_url if self.source_url.startswith(("https://", "http://")) else ""

    @cached_property
    def counts(self):
        """Return {kind: how many} of its reactions."""
        return self.tally.counts if hasattr(self, "tally") else {}

    @property
    def feelings(self):
        """Return [(kind, its name, how many, whether one is the reader's own)]."""
        return [(kind, name, self.counts.get(kind, 0), kind in self.mine) for kind, name in KINDS.items()]

    def as_entry(self):
        """Return the HTML that adds the note to a page."""
        return render_to_string("commentary/_entry.html", {"note": self})

    def may_change(self, person):
        """Tell whether the person may edit, remove, mark and pin it: the event's author, and its own if they
        still write here.
        """
        if not person.is_authenticated:
            return False
        return person.pk == self.event.author_id or (
            person.pk == self.author_id and self.event.may_write(person)
        )

    def edit(self, text, client_id=""):
        """Change the text, here and on every page; an edit that is sent again changes nothing."""
        self._amend(client_id, text=text, edited=timezone.now())

    def remove(self, client_id=""):
        """Take it off every page, and what it told out of the database."""
        gone = {"text": "", "source_title": "", "source_url": "", "is_key": False}
        self._amend(client_id, removed=timezone.now(), **gone)

    def mark_key(self, on, client_id=""):
        """Make it a key moment, or no longer."""
        self._amend(client_id, is_key=on)

    def pin(self, on, client_id=""):
        """Pin it to the top of the event's pages, in the place of what is there, or take it from there."""
        with transaction.atomic():
            now = self._hold(client_id)
            if now is None or now.is_pinned == on:
                return
            before = now.event.pinned if on else None
            now._pin_to_event(now if on else None)
            if before is not None:
                before.event = now.event
                before._publish_amended("")
            now._publish_amended(client_id)

    def react(self, person, kind, on):
        """Let the person's reaction be so, soon; return the Future of it."""
        return reactions.BATCHES.put((self.event.key, (self.pk, person.pk, kind, on)))

    def _hold(self, client_id):
        """Hold the stream and return the note as it is now; None where there is nothing to do any more."""
        hold(self.event.key)  # first, as who tells something and who deletes the event do
        now = Note.objects.select_related("author", "event__pinned__author", "tally").filter(pk=self.pk).first()
        if now is None or now.removed or client_id and was_published(now.event.key, now.thing, str(client_id)):
            return None
        return now

    def _pin_to_event(self, note):
        self.event.pinned = note
        self.event.save(update_fields=["pinned", "changed"])

    def _amend(self, client_id, **changes):
        with transaction.atomic():
            now = self._hold(client_id)
            if now is None or all(getattr(now, name) == changes[name] for name in changes.keys() - {"edited"}):
                return
            for name, value in changes.items():
                setattr(now, name, value)
            now.save(update_fields=changes)
            if now.removed:
                now.reactions.all().delete()
                Tally.objects.filter(note=now).delete()
            if now.removed and now.is_pinned:
                now._pin_to_event(None)
            else:
                now.event.save(update_fields=["changed"])
            now._publish_amended(client_id)

    def _publish_amended(self, client_id):
        """Publish the note as it is now, in the place of what was told of it before."""
        html = render_to_string("commentary/_amended.html", {"note": self})
        anew = "" if self.removed else self.as_entry()
        amend(self.event.key, self.thing, html, anew=anew, client_id=str(client_id))
        transaction.on_commit(lambda: shown.anew(self.event.key, "highlights"))
