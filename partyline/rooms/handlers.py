"""What can be done in a room over the socket."""

from django.template.loader import render_to_string

from partyline.live.kinds import Kind, Refused, checked

from .forms import EditForm, RemoveForm, SayForm
from .here import who_is_here
from .models import Room
from .news import about, news
from .numbers import NUMBERS


def is_number(id):
    """Tell whether it can be a room's: "007" would be another stream of room 7."""
    return id.isdecimal() and str(int(id)) == id


def find(person, id):
    """Return the room if the person may see it, else None."""
    if not is_number(id):
        return None
    try:
        return Room.objects.get_for(person, int(id))
    except Room.DoesNotExist:
        return None


def may_see(person, id):
    """Tell whether the person may read the room."""
    return find(person, id) is not None


def readers(people, id):
    """Return the pks of those of the people who may read the room."""
    return Room.objects.readers(people, int(id)) if is_number(id) else set()


def say(person, id, fields):
    """Say something: fields `text` and `client_id`."""
    room = room_to_speak_in(person, id)
    fields = checked(SayForm(fields))
    try:
        room.say(person, fields["text"], fields["client_id"])
    except Room.DoesNotExist:  # deleted at this moment
        raise Refused("not_allowed", "This room is gone.") from None


def edit(person, id, fields):
    """Change a message of one's own: fields `message` (its id), `text` and `client_id`."""
    room = room_to_speak_in(person, id)
    fields = checked(EditForm(fields))
    message = find_message(room, fields["message"])
    if not message.may_change(person):
        raise Refused("not_allowed", "Only its author may change a message.")
    message.edit(fields["text"], fields["client_id"])


def remove(person, id, fields):
    """Remove a message of one's own, or any in one's own room: fields `message` and `client_id`."""
    room = room_to_speak_in(person, id)
    fields = checked(RemoveForm(fields))
    message = find_message(room, fields["message"])
    if not message.may_remove(person):
        raise Refused("not_allowed", "Only its author and the room's owner may remove a message.")
    message.remove(fields["client_id"])


def room_to_speak_in(person, id):
    """Return the room; raises Refused where the person may not speak."""
    room = find(person, id)
    if room is None or not person.is_authenticated:
        raise Refused("not_allowed", "You may not speak here.")
    return room


def find_message(room, pk):
    """Return the message; raises Refused where the room has none of this number."""
    message = room.messages.filter(pk=pk).first()
    if message is None:
        raise Refused("invalid", "There is no such message here.")
    message.room = room
    return message


def draw_presence(id, people):
    """Return the list of who is here."""
    return render_to_string("rooms/_presence.html", who_is_here(people))


KIND = Kind(
    "room",
    may_see=may_see,
    readers=readers,
    handlers={"say": say, "edit": edit, "remove": remove},
    presence=draw_presence,
    numbers=NUMBERS,
    about=about,
    news=news,
)
