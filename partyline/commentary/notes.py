"""The notes of an event, and what can be done to one."""

from django.conf import settings
from django.db import models, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from partyline.live.log import amend, hold, was_published

from . import shown
from .reactions import BATCHES, KINDS, Tally

TEXT_LIMIT = 4000  # characters of a note


class Note(models.Model):
    """One update of a commentary; `client_id` was made in the browser, so that it is told once.

    The row of a removed note stays, without what it told: a resend must not tell it again.
    """

    event = models.ForeignKey("Event", on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    text = models.TextField(max_length=TEXT_LIMIT)
    created = models.DateTimeField(auto_now_add=True)
    edited = models.DateTimeField(null=True, editable=False)
    removed = models.DateTimeField(null=True, editable=False)
    is_key = models.BooleanField("key moment", default=False, db_default=False)
    source_title = models.CharField(max_length=200, blank=True, default="", db_default="")
    source_url = models.CharField(max_length=2000, blank=True, default="", db_default="")

    # Where a page says whose it is: whether the note is the reader's own, and kinds of their reactions.
    is_own, mine = False, ()

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
        return BATCHES.put((self.event.key, (self.pk, person.pk, kind, on)))

    def _hold(self, client_id):
        """Hold the stream and return the note as it is now; None where there is nothing to do any more."""
        hold(self.event.key)  # first, as who tells something and who deletes the event do
        now = (
            Note.objects.select_related("author", "event__pinned__author", "tally").filter(pk=self.pk).first()
        )
        if (
            now is None
            or now.removed
            or client_id
            and was_published(now.event.key, now.thing, str(client_id))
        ):
            return None
        return now

    def _pin_to_event(self, note):
        self.event.pinned = note
        self.event.save(update_fields=["pinned", "changed"])

    def _amend(self, client_id, **changes):
        with transaction.atomic():
            now = self._hold(client_id)
            if now is None or all(
                getattr(now, name) == changes[name] for name in changes.keys() - {"edited"}
            ):
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
