"""What a room shows of who is here: the same on the page and in the state that replaces it."""

from partyline.people.models import Person

NAMED = 100  # people listed by name; the list goes to every page whenever it changes


def who_is_here(people):
    """Return the context of _presence.html for {person's id: is idle}; who is active stands first."""
    first = sorted(people, key=lambda id: (people[id], id))[:NAMED]
    here = list(Person.objects.filter(pk__in=first))
    for person in here:
        person.is_idle = people[person.pk]
    here.sort(key=lambda person: (person.is_idle, person.name_key))
    return {"here": here, "more_here": len(people) - len(first)}
