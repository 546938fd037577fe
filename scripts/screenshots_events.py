"""The events of the pictures: one under way, one to come, one that has ended."""

from datetime import timedelta

RACE = [  # (who, how many minutes ago, {reaction: how many}, whether it is a key moment, what)
    ("Maya", 64, {"like": 6}, False, """
        Good morning from the harbour wall. Boats are rigging, coffee is hot, the breeze is filling in."""),
    ("Ada", 51, {}, False, """
        Course 3 is set: up to the lighthouse, round the green buoy, back to the pier. Twice."""),
    ("Maya", 38, {"sad": 9, "wow": 2}, False, """
        Eleven boats on the line. Number 7, Kestrel, has withdrawn with a torn sail."""),
    ("Ada", 30, {"like": 21, "love": 8, "wow": 4}, True, """
        And they are off! Blue Heron takes the inside, Second Wind is half a length behind."""),
    ("Maya", 24, {"wow": 12}, False, """
        First mark. Blue Heron still leads, but she went wide, and Second Wind is level with her now."""),
    ("Ada", 17, {"like": 18, "wow": 27, "laugh": 3}, True, """
        Second Wind goes through to leeward and takes the lead. Blue Heron cannot believe it."""),
    ("Maya", 11, {"like": 5}, False, """
        Half-way. The gap is eleven seconds. Behind them a fine fight for third place: Petrel, Anna K and the
        two from the sailing school. The wind has gone round by ten degrees, which helps who stays right."""),
    ("Ada", 4, {"wow": 31, "sad": 6}, True, """
        Collision at the green buoy! Petrel and Anna K touch; both sail on, nobody is hurt."""),
    ("Maya", 1, {"like": 9, "love": 3}, False, """
        Last leg. Blue Heron is closing in, she has the better angle now."""),
]  # fmt: skip
SUMMARY = """
    Second Wind leads Blue Heron by a few seconds on the last lap of heat 3. Petrel and Anna K touched at the
    green buoy; nobody is hurt. The winner goes to Sunday's final."""
AUDIENCE = [
    ("Jun", "Which one is Second Wind, the red sail?"),
    ("Maya", "Yes, red with a white star."),
    ("Jun", "They are flying!"),
    ("Ada", "Anybody on the pier? How is the view?"),
    ("Jun", "Perfect. Bring a hat."),
]
ENDED = [  # (how many hours ago, what)
    (27, "The doors are open, and the hall is full to the last seat."),
    (26.6, "Jun begins with the question of the evening: what is a library for on a Sunday?"),
    (26.1, "Laughter: somebody's telephone answered instead of the panel."),
    (25.2, "The vote: 212 for, 17 against. The library will stay open on Sundays."),
    (25, "That was it from here. Thank you for reading, and good night."),
]


def seed(people, now):
    """Make an event under way, one to come and one that has ended; return {name: path} of their pages."""
    from django.urls import reverse

    from partyline.commentary.models import Event, Note
    from partyline.commentary.reactions import KINDS, write
    from partyline.live import kinds
    from partyline.people.models import Person
    from partyline.rooms.models import Room

    ada, hour = people["Ada"], timedelta(hours=1)
    ended = Event.objects.create(
        title="Town hall: Sundays at the library", author=ada, starts=now - 27 * hour
    )
    for hours, text in ENDED:
        note = ended.note(ada, text)
        Note.objects.filter(pk=note.pk).update(created=now - hours * hour)
    ended.notes.get(text__startswith="The vote").mark_key(True)
    ended.end()
    Event.objects.filter(pk=ended.pk).update(ended=now - 24 * hour, activity=now - 24 * hour)
    ahead = Event.objects.create(
        title="Harbour race, the final", author=people["Maya"], starts=now + 20 * hour
    )
    race = Event.objects.create(title="Harbour race, heat 3", author=ada, starts=now - hour)
    race.commentators.add(people["Maya"])
    crowd = Person.objects.bulk_create(
        Person(username=f"reader {n}", name_key=f"reader {n}") for n in range(40)
    )
    for who, minutes, feelings, is_key, text in RACE:
        note = race.note(people[who], " ".join(text.split()))
        Note.objects.filter(pk=note.pk).update(created=now - timedelta(minutes=minutes))
        wanted = [
            (note.pk, crowd[n].pk, kind, True) for kind, count in feelings.items() for n in range(count)
        ]
        if wanted:
            write(wanted)
            write([(note.pk, ada.pk, next(kind for kind in KINDS if kind in feelings), True)])
        if is_key:
            note.mark_key(True)
    summary = race.note(ada, " ".join(SUMMARY.split()))
    Note.objects.filter(pk=summary.pk).update(created=now - timedelta(minutes=2))
    summary.pin(True)
    mended = race.notes.get(text__startswith="Half-way")
    mended.edit(mended.text.replace("ten degrees", "fifteen degrees"))
    room = Room.objects.beside(race.key, kinds.find(race.key)[0].about(str(race.pk)))
    for who, text in AUDIENCE:
        room.say(people[who], text)
    found = {"event": race, "event-ahead": ahead, "event-archive": ended, "event-permalink": note}
    found = {name: each.get_absolute_url() for name, each in found.items()}
    found["event-key-moments"] = found["event"] + "?only=key"
    found["event-edit"] = reverse("commentary:edit", args=[race.pk, note.pk])
    return found | {"event-settings": reverse("commentary:settings", args=[race.pk])}
