"""Rooms, who may enter them, and what is said there."""

import uuid

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.template.loader import render_to_string
from django.urls import reverse

from partyline.live.log import take_turn

TEXT_LIMIT = 4000  # characters of a message
SHOWN = 50  # messages on a room's page


class RoomQuerySet(models.QuerySet):
    """Rooms by who may see them."""

    def visible_to(self, person):
        """Return the public rooms, and the private ones that the person is a member of."""
        if not person.is_authenticated:
            return self.filter(is_private=False)
        mine = Membership.objects.filter(room=OuterRef("pk"), person=person)
        return self.filter(Q(is_private=False) | Exists(mine))

    def with_last_said(self):
        """Give each room `last_said`, the time of its last message or None, by one look into an index."""
        last = Message.objects.filter(room=OuterRef("pk")).order_by("-pk").values("created")[:1]
        return self.annotate(last_said=Subquery(last))


class Room(models.Model):
    """A place to talk; its stream is `room:<id>`."""

    name = models.CharField(max_length=60)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    is_private = models.BooleanField("private: only people whom you invite", default=False)
    created = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="rooms")

    objects = RoomQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
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

    def last_messages(self):
        """Return the messages that the page shows, oldest first."""
        return list(self.messages.select_related("author").order_by("-pk")[:SHOWN])[::-1]

    def say(self, author, text, client_id=None):
        """Keep a message and publish it, once per author and client_id; return it.

        A repeat of the same client_id (a resend after a cut) returns the message that is there.
        """
        client_id = client_id or uuid.uuid4()
        try:
            with transaction.atomic():
                turn = take_turn(self.key)
                message = Message.objects.create(room=self, author=author, text=text, client_id=client_id)
                html = render_to_string("rooms/_entry.html", {"message": message})
                turn.publish(html, thing=f"message:{message.pk}", client_id=str(client_id))
        except IntegrityError:
            return self.messages.get(author=author, client_id=client_id)
        return message

    def invite(self, person):
        """Let a person into a private room; inviting twice changes nothing."""
        Membership.objects.get_or_create(room=self, person=person)


class Membership(models.Model):
    """A person in a private room."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["room", "person"], name="membership_once")]

    def __str__(self):
        return f"{self.person_id} in {self.room_id}"


class Message(models.Model):
    """What one person said in a room; `client_id` was made in the browser, so that it is said once."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    client_id = models.UUIDField()
    text = models.TextField(max_length=TEXT_LIMIT)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "author", "client_id"], name="message_said_once")
        ]
        indexes = [models.Index(fields=["room", "-id"], name="message_room_latest")]

    def __str__(self):
        return f"{self.author_id}: {self.text[:40]}"
