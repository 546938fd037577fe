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

from partyline.live import revoke
from partyline.live.log import drop, hold, take_turn

TEXT_LIMIT = 4000  # characters of a note
SHOWN = 50  # notes on a page
REACTIONS = {"like": "Like", "love": "Love", "laugh": "Ha ha", "wow": "Wow", "sad": "Sad"}


class Event(models.Model):
    """Something that is being followed; its stream is `event:<id>`. Who may write says `may_write`."""

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

    def last_notes(self):
        """Return the notes that the page shows, newest first."""
        return self.notes.filter(removed=None).select_related("author").order_by("-pk")[:SHOWN]

    def may_write(self, person):
        """Tell whether the person is one of those who write this commentary."""
        if not person.is_authenticated:
            return False
        if self.is_open or person.pk == self.author_id:
            return True
        return self.commentators.filter(pk=person.pk).exists()

    def may_note(self, person):
        """Tell whether the person may add to it now: what has ended is not added to."""
        return not self.ended and self.may_write(person)

    def delete(self, *args, **kwargs):
        """Delete the event with all that was told; nobody tells anything meanwhile."""
        with transaction.atomic():
            hold(self.key)
            return super().delete(*args, **kwargs)

    def end(self):
        """End it; ending it twice changes nothing."""
        self._turn(ended=None, to=timezone.now())

    def reopen(self):
        """Go on with it."""
        self._turn(ended__isnull=False, to=None)

    def _turn(self, to, **only_if):
        now = timezone.now()
        changed = Event.objects.filter(pk=self.pk, **only_if).update(ended=to, activity=now, changed=now)
        if changed:
            self.ended = to

    def note(self, author, text, client_id=None, **source):
        """Keep a note and publish it, once per author and client_id; return it.

        `source_title` and `source_url` say where it was taken from. Raises Event.DoesNotExist where the event
        has been deleted meanwhile.
        """
        client_id = client_id or uuid.uuid4()
        try:
            with transaction.atomic():
                turn = take_turn(self.key)
                note = Note.objects.create(
                    event=self, author=author, text=text, client_id=client_id, **source
                )
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

    def as_entry(self):
        """Return the HTML that adds the note to a page."""
        return render_to_string("commentary/_entry.html", {"note": self, "event": self.event})


class Reaction(models.Model):
    """What one person feels about a note, one row per kind of REACTIONS."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=REACTIONS.items())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "person", "kind"], name="reaction_once")]

    def __str__(self):
        return f"{self.person_id}: {self.kind} on {self.note_id}"


class Tally(models.Model):
    """How many reactions of each kind a note has: kept in step with the rows, so that nobody counts them."""

    note = models.OneToOneField(Note, on_delete=models.CASCADE, primary_key=True, related_name="tally")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, db_index=False, related_name="+")
    like = models.PositiveIntegerField(default=0, db_default=0)
    love = models.PositiveIntegerField(default=0, db_default=0)
    laugh = models.PositiveIntegerField(default=0, db_default=0)
    wow = models.PositiveIntegerField(default=0, db_default=0)
    sad = models.PositiveIntegerField(default=0, db_default=0)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["event", "-changed"], name="tally_event_latest")]

    def __str__(self):
        return f"{self.note_id}: {self.counts}"

    @property
    def counts(self):
        """Return {kind: how many} of those that there are."""
        return {kind: count for kind in REACTIONS if (count := getattr(self, kind))}
