"""What can be done in a room over the socket."""

from django.template.loader import render_to_string

from partyline.live.kinds import Kind, Refused, checked
from partyline.people.models import Person

from .forms import SayForm
from .models import Message, Room


def find(person, id):
    """Return the room if the person may see it, else None."""
    if not id.isdecimal() or str(int(id)) != id:  # "007" would be another stream of room 7
        return None
    return Room.objects.visible_to(person).filter(pk=int(id)).first()


def may_see(person, id):
    """Tell whether the person may read the room."""
    return find(person, id) is not None


def say(person, id, fields):
    """Say something: fields `text` and `client_id`."""
    room = find(person, id)
    if room is None or not person.is_authenticated:
        raise Refused("not_allowed", "You may not speak here.")
    fields = checked(SayForm(fields))
    room.say(person, fields["text"], fields["client_id"])


def draw_presence(id, people):
    """Return the list of who is here."""
    return render_to_string("rooms/_presence.html", {"people": Person.objects.filter(pk__in=people)})


NUMBERS = {"Rooms": Room.objects.count, "Messages": Message.objects.count}
KIND = Kind("room", may_see=may_see, handlers={"say": say}, presence=draw_presence, numbers=NUMBERS)
