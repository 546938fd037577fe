"""A rolling update: what the release before writes meanwhile is whole; what was there keeps its times."""

import uuid
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from partyline.commentary.models import Event, Note


def insert(table, **row):
    columns = ", ".join(f'"{name}"' for name in row)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )


def test_rows_of_the_release_before(client, alice):
    client_id = uuid.uuid4()
    created = timezone.now()
    insert("commentary_event", title="Old", author_id=alice.pk, created=created)
    event = Event.objects.get()
    id = client_id.hex if connection.vendor == "sqlite" else client_id
    insert(
        "commentary_note", event_id=event.pk, author_id=alice.pk, client_id=id, text="told", created=created
    )
    assert (event.is_open, event.ended, event.pinned) == (False, None, None)
    assert abs(event.starts - created) < timedelta(minutes=5)
    note = Note.objects.get()
    assert (note.is_key, note.edited, note.removed, note.source_url) == (False, None, None, "")
    assert ">told<" in client.get(event.get_absolute_url()).content.decode()


@pytest.mark.parametrize("told", [True, False])
def test_events_that_were_there_keep_their_times(alice, told):
    long_ago = timezone.now() - timedelta(days=30)
    event = Event.objects.create(title="Old", author=alice)
    if told:
        event.note(alice, "told")
    Event.objects.update(created=long_ago)
    Note.objects.update(created=long_ago + timedelta(hours=1))
    import_module("partyline.commentary.migrations.0003_events_with_time").as_they_were(apps, None)
    event.refresh_from_db()
    assert event.starts == long_ago
    assert event.activity == long_ago + timedelta(hours=1 if told else 0)
