"""Rooms, who may enter them, and what is said there."""

import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from partyline.live import kinds, revoke
from partyline.live.log import amend, drop, dropped, hold, take_turn, was_published

TEXT_LIMIT = 4000  # characters of a message
SHOWN = 50  # messages on a room's page


class RoomQuerySet(models.QuerySet):
    """Rooms by who may see them."""

    def visible_to(self, person):
        """Return the public rooms, and the private ones that the person is a member of.

        None that stands beside something is among them: who may see it says `get_for` alone.
        """
        return self.filter(beside=None).filter(_open_to(person))

    def get_for(self, person, pk):
        """Return the room; raises Room.DoesNotExist where the person may not know of it."""
        room = self.get(Q(beside__isnull=False) | _open_to(person), pk=pk)
        if room.beside:
            kind, id = kinds.find(room.beside)
            if kind is None or not kind.may_see(person, id):
                raise Room.DoesNotExist(pk)
        return room

    def readers(self, people, pk):
        """Return the pks of those of the people for whom `get_for` finds the room, in one statement."""
        signed_in = [person.pk for person in people if person.pk]
        asked = FilteredRelation("membership", condition=Q(membership__person__in=signed_in or [0]))
        found = self.annotate(asked=asked).filter(pk=pk)
        found = list(found.values_list("is_private", "beside", "asked__person"))
        if not found:
            return set()
        is_private, beside, _ = found[0]
        if beside:
            kind, id = kinds.find(beside)
            return kind.who_may_see(people, id) if kind else set()
        if is_private:
            return {member for *_, member in found if member}
        return {person.pk for person in people}

    def beside(self, key, about):
        """Return the room that stands beside a stream, made where there is none yet, and named after it."""
        name = about.title[: Room._meta.get_field("name").max_length]
        room, is_new = self.get_or_create(beside=key, defaults={"name": name, "owner_id": about.owner_id})
        if room.name != name:
            room.name = name
            self.filter(pk=room.pk).update(name=name)
        return room

    def with_last_said(self):
        """Give each room `last_said`, the time of its last message or None, by one look into an index."""
        last = Message.objects.filter(room=OuterRef("pk")).order_by("-pk").values("created")[:1]
        return self.annotate(last_said=Subquery(last))


def _open_to(person):
    if not person.is_authenticated:
        return Q(is_private=False)
    return Q(is_private=False) | Exists(Membership.objects.filter(room=OuterRef("pk"), person=person))


class Room(models.Model):
    """A place to talk; its stream is `room:<id>`. One that stands beside something follows that: who sees it
    sees the room, and both go together.
    """

    name = models.CharField(max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_private = models.BooleanField("private: only people whom you invite", default=False)
    created = models.DateTimeField(auto_now_add=True)
    beside = models.CharField(max_length=80, null=True, unique=True, editable=False)  # noqa: DJ001 - a stream's key; NULL: on its own
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="rooms")

    objects = RoomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                condition=Q(beside=None),
                name="room_name_once",
                violation_error_message="There is a room of this name already.",
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("rooms:room", args=[self.pk])

    @property
    def key(self):
        return f"room:{self.pk}"

    def about(self):
        """Return what it stands beside (kinds.About); None where it stands on its own."""
        kind, id = kinds.find(self.beside)
        return kind.about(id) if kind and kind.about else None

    def save(self, *args, **kwargs):
        """Keep the room; who may no longer read it is stripped in the same transaction."""
        with transaction.atomic():
            super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        """Delete the room with all that was said; nobody says anything meanwhile."""
        with transaction.atomic():
            hold(self.key)
            return super().delete(*args, **kwargs)

    def last_messages(self):
        """Return the messages that the page shows, oldest first."""
        shown = self.messages.filter(removed=None).select_related("author")
        return list(shown.order_by("-pk")[:SHOWN])[::-1]

    def say(self, author, text, client_id=None):
        """Keep a message and publish it, once per author and client_id; return it.

        A repeat of the same client_id (a resend after a cut) returns the message that is there. Raises
        Room.DoesNotExist where the room has been deleted meanwhile.
        """
        client_id = client_id or uuid.uuid4()
        try:
            with transaction.atomic():
                message = Message(room=self, author=author, text=text, client_id=client_id)
                turn = take_turn(self.key, message)
                turn.publish(message.as_entry(), thing=message.thing, client_id=str(client_id))
        except IntegrityError:
            message = self.messages.filter(author=author, client_id=client_id).first()
            if message is None:
                raise Room.DoesNotExist(self.pk) from None
        return message

    def invite(self, person):
        """Let a person into a private room; inviting twice changes nothing."""
        Membership.objects.get_or_create(room=self, person=person)

    def remove(self, person):
        """Take a person out of a private room; their open pages lose it at once."""
        self.membership_set.filter(person=person).delete()


class Membership(models.Model):
    """A person in a private room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "person"], name="membership_once")]

    def __str__(self):
        return f"{self.person_id} in {self.room_id}"


@receiver(post_delete, sender=Membership)
def _membership_lost(sender, instance, **kwargs):
    revoke.person(instance.person_id)


@receiver(post_save, sender=Room)
def _room_changed(sender, instance, created, **kwargs):
    if not created:  # it may be private now
        revoke.stream(instance.key)


@receiver(dropped)
def _stream_dropped(sender, keys, **kwargs):
    for room in Room.objects.filter(beside__in=keys):
        room.delete()


@receiver(post_delete, sender=Room)
def _room_deleted(sender, instance, **kwargs):
    drop(instance.key)
    revoke.stream(instance.key)


class Message(models.Model):
    """What one person said in a room; `client_id` was made in the browser, so that it is said once.

    The row of a removed message stays, without its text: a resend must not say it again.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    text = models.TextField(max_length=TEXT_LIMIT)
    created = models.DateTimeField(auto_now_add=True)
    edited = models.DateTimeField(null=True, editable=False)
    removed = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "author", "client_id"], name="message_said_once")
        ]
        indexes = [
            models.Index(fields=["room", "-id"], name="message_room_latest"),
            models.Index(fields=["created", "room"], name="message_created"),
        ]

    def __str__(self):
        return f"{self.author_id}: {self.text[:40]}"

    @property
    def thing(self):
        return f"message:{self.pk}"

    def as_entry(self):
        """Return the HTML that adds the message to a page."""
        return render_to_string("rooms/_entry.html", {"message": self})

    def may_change(self, person):
        """Tell whether the person may edit it."""
        return person.is_authenticated and person.pk == self.author_id

    def may_remove(self, person):
        """Tell whether the person may remove it: its author, and the room's owner."""
        return self.may_change(person) or person.is_authenticated and person.pk == self.room.owner_id

    def edit(self, text, client_id=""):
        """Change the text, here and on every page; an edit that is sent again changes nothing."""
        self._amend(client_id, text=text, edited=timezone.now())

    def remove(self, client_id=""):
        """Take it off every page, and its text out of the database."""
        self._amend(client_id, text="", removed=timezone.now())

    def _amend(self, client_id, **changes):
        with transaction.atomic():
            hold(self.room.key)  # first, as who speaks and who deletes the room do
            now = Message.objects.select_related("author").get(pk=self.pk)
            if now.removed or client_id and was_published(self.room.key, self.thing, str(client_id)):
                return
            for name, value in changes.items():
                setattr(now, name, value)
            now.save(update_fields=changes)
            html = render_to_string("rooms/_amended.html", {"message": now})
            anew = "" if now.removed else now.as_entry()
            amend(self.room.key, self.thing, html, anew=anew, client_id=str(client_id))
