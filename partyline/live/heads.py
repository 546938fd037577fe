"""The heads check's question: where the streams stand and whose session has ended, in one statement."""

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import BigIntegerField, CharField, Value
from django.db.models.functions import Cast
from django.utils import timezone

from .models import Stream

NO_TEXT, NO_NUMBER = Value("", CharField()), Value(0, BigIntegerField())


def check(keys, people):
    """Return ({key: (epoch, head, oldest)} of the streams that exist, {session keys that have ended}).

    `people` is {session key: Person} as the sockets know them: a session has ended where it is gone or
    expired, or where its person is inactive or has another password.
    """
    streams = Stream.objects.filter(key__in=keys).values_list(
        Value("stream", CharField()), "key", "epoch", "head", "oldest"
    )
    sessions = Session.objects.filter(session_key__in=people, expire_date__gt=timezone.now()).values_list(
        Value("session", CharField()), "session_key", NO_TEXT, NO_NUMBER, NO_NUMBER
    )
    active = get_user_model().objects.filter(pk__in={p.pk for p in people.values()}, is_active=True)
    active = active.values_list(
        Value("person", CharField()), Cast("pk", CharField()), "password", NO_NUMBER, NO_NUMBER
    )
    rows = streams.union(sessions, active, all=True) if people else streams
    found = {"stream": {}, "session": {}, "person": {}}
    for what, key, *values in rows.order_by():
        found[what][key] = values
    heads = {key: tuple(values) for key, values in found["stream"].items()}
    passwords = {key: password for key, (password, *_) in found["person"].items()}
    ended = {
        key
        for key, person in people.items()
        if key not in found["session"] or passwords.get(str(person.pk)) != person.password
    }
    return heads, ended
