"""Who connects or resumes in the same moment, looked up together: a few questions for all of them.

Each answer is about one session and one person, as it is in the database when it is asked.
"""

from . import identity, kinds, limits
from .together import each


def greet(sockets):
    """Return for each socket (whose it is, whether they may have one more), or the reason why not."""
    refusals = limits.check_each([(socket.address, 1) for socket in sockets])
    people = iter(identity.people_of([s.session for s, no in zip(sockets, refusals, strict=True) if not no]))
    found = [refusal or next(people) for refusal in refusals]
    entering = [
        (person.pk, socket)
        for person, socket in zip(found, sockets, strict=True)
        if not isinstance(person, Exception)
    ]
    entered = iter(limits.enter_each(entering))
    return [person if isinstance(person, Exception) else (person, next(entered)) for person in found]


def may_resume(asked):
    """Return what `may_see` does for each (person, address, keys); a Refused where too much comes from it."""
    refusals = limits.check_each([(address, max(1, len(keys))) for _, address, keys in asked])
    rest = [(person, keys) for (person, _, keys), no in zip(asked, refusals, strict=True) if not no]
    allowed = iter(may_see(rest))
    return [refusal or next(allowed) for refusal in refusals]


def may_see(asked):
    """Return for each (person, keys) the set of those keys whose streams the person may see, or an exception.

    Everybody's right to one stream is asked together.
    """
    allowed, by_key = [set() for _ in asked], {}
    for number, (_, keys) in enumerate(asked):
        for key in keys:
            by_key.setdefault(key, []).append(number)
    for key, numbers in by_key.items():
        kind, id = kinds.find(key)
        answers = _who_may_see(kind, id, [asked[number][0] for number in numbers]) if kind else ()
        for number, answer in zip(numbers, answers, strict=bool(kind)):
            if isinstance(answer, Exception):
                allowed[number] = answer
            elif answer and isinstance(allowed[number], set):
                allowed[number].add(key)
    return allowed


def _who_may_see(kind, id, people):
    """Return for each person whether they may see it, or an exception."""
    if kind.readers is None or len(people) == 1:
        return each(lambda person: kind.may_see(person, id), people)
    [readers] = each(lambda people: kind.who_may_see(people, id), [people])
    if isinstance(readers, Exception):
        return [readers] * len(people)
    return [person.pk in readers for person in people]
