"""Events, and the notes that tell how they go."""

import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse

from partyline.live import revoke
from partyline.live.log import drop, hold, take_turn

TEXT_LIMIT = 4000  # characters of a note
SHOWN = 100  # notes on an event's page


class Event(models.Model):
    """Something that is being followed; its stream is `event:<id>`, its author tells how it goes."""

    title = models.CharField(max_length=120)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("commentary:event", args=[self.pk])

    @property
    def key(self):
        return f"event:{self.pk}"

    def delete(self, *args, **kwargs):
        """Delete the event with all that was told; nobody tells anything meanwhile."""
        with transaction.atomic():
            hold(self.key)
            return super().delete(*args, **kwargs)

    def last_notes(self):
        """Return the notes that the page shows, newest first."""
        return self.notes.select_related("author").order_by("-pk")[:SHOWN]

    def may_note(self, person):
        """Tell whether the person writes this event's commentary."""
        return person.is_authenticated and person.pk == self.author_id

    def note(self, author, text, client_id=None):
        """Keep a note and publish it, once per author and client_id; return it.

        Raises Event.DoesNotExist where the event has been deleted meanwhile.
        """
        client_id = client_id or uuid.uuid4()
        try:
            with transaction.atomic():
                turn = take_turn(self.key)
                note = Note.objects.create(event=self, author=author, text=text, client_id=client_id)
                html = render_to_string("commentary/_entry.html", {"note": note})
                turn.publish(html, thing=f"note:{note.pk}", client_id=str(client_id))
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
    """One line of a commentary."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    text = models.TextField(max_length=TEXT_LIMIT)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "author", "client_id"], name="note_said_once")
        ]

    def __str__(self):
        return self.text[:60]
