"""Reactions to notes: kept many at a time, counted as they are kept."""

from collections import Counter

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.utils import timezone

from partyline.live.batches import Batches

from . import shown

KINDS = {"like": "Like", "love": "Love", "laugh": "Ha ha", "wow": "Wow", "sad": "Sad"}
COUNTED = 100  # notes of an event whose numbers its pages are told: those that changed last


class Reaction(models.Model):
    """What one person feels about a note, one row per kind."""

    note = models.ForeignKey("Note", on_delete=models.CASCADE, related_name="reactions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=KINDS.items())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["note", "person", "kind"], name="reaction_once")]

    def __str__(self):
        return f"{self.person_id}: {self.kind} on {self.note_id}"


class Tally(models.Model):
    """How many reactions of each kind a note has, so that no page counts them."""

    note = models.OneToOneField("Note", on_delete=models.CASCADE, primary_key=True, related_name="tally")
    event = models.ForeignKey("Event", on_delete=models.CASCADE, db_index=False, related_name="+")
    like = models.IntegerField(default=0, db_default=0)
    love = models.IntegerField(default=0, db_default=0)
    laugh = models.IntegerField(default=0, db_default=0)
    wow = models.IntegerField(default=0, db_default=0)
    sad = models.IntegerField(default=0, db_default=0)
    changed = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["event", "-changed"], name="tally_event_latest")]

    def __str__(self):
        return f"{self.note_id}: {self.counts}"

    @property
    def counts(self):
        """Return {kind: how many} of those that there are."""
        return {kind: count for kind in KINDS if (count := getattr(self, kind))}


def tallies(event_id):
    """Return {note's id: {kind: how many}} of the notes whose numbers changed last."""
    rows = Tally.objects.filter(event_id=event_id, note__removed=None)
    return {row.pk: row.counts for row in rows.order_by("-changed", "-pk")[:COUNTED]}


# Rows are locked in one order everywhere, notes before their reactions and these before the tallies: two that
# write, and who removes a note or deletes an event meanwhile, never wait for each other in a ring.
# The columns of VALUES are called column1, column2 … on both databases.
INSERT = """
    INSERT INTO commentary_reaction (note_id, person_id, kind)
    SELECT column1, column2, column3 FROM (VALUES {rows}) AS wanted
    JOIN commentary_note AS note ON note.id = column1 JOIN people_person AS person ON person.id = column2
    WHERE note.removed IS NULL ORDER BY column1, column2, column3 {share}
    ON CONFLICT DO NOTHING RETURNING note_id, kind
"""
DELETE = """
    DELETE FROM commentary_reaction WHERE id IN (
        SELECT id FROM commentary_reaction WHERE (note_id, person_id, kind) IN (VALUES {rows})
        ORDER BY id {lock}
    ) RETURNING note_id, kind
"""
COUNT = """
    INSERT INTO commentary_tally (note_id, event_id, {kinds}, changed)
    SELECT note.id, note.event_id, {columns}, %s FROM (VALUES {rows}) AS more JOIN commentary_note AS note
    ON note.id = column1 WHERE note.removed IS NULL ORDER BY note.id
    ON CONFLICT (note_id) DO UPDATE SET {sums}, changed = excluded.changed
""".format(  # noqa: S608 - our own words
    kinds=", ".join(f'"{kind}"' for kind in KINDS),
    columns=", ".join(f"column{n}" for n in range(2, 2 + len(KINDS))),
    sums=", ".join(f'"{kind}" = commentary_tally."{kind}" + excluded."{kind}"' for kind in KINDS),
    rows="{rows}",
)


def write(wanted):
    """Keep [(note's id, person's id, kind, whether it is wanted)] by three statements at the most.

    Of several for the same the last one counts. What is so already changes nothing; what is gone, neither.
    """
    last = {(note, person, kind): on for note, person, kind, on in wanted}
    for is_again in (False, True):
        try:
            with transaction.atomic():
                return _write(last)
        except IntegrityError:  # a note or a person went while we wrote
            if is_again:
                raise


def _write(last):
    more = Counter()
    has_locks = connection.features.has_select_for_update
    locks = {"lock": "FOR UPDATE", "share": "FOR SHARE OF note"} if has_locks else {"lock": "", "share": ""}
    with connection.cursor() as cursor:
        for by, sql, on in ((1, INSERT, True), (-1, DELETE, False)):
            if rows := sorted(row for row, wanted in last.items() if wanted == on):
                cursor.execute(sql.format(rows=_values(rows), **locks), sum(rows, ()))
                for found in cursor.fetchall():
                    more[found] += by
        notes = sorted({note for (note, _), count in more.items() if count})
        if notes:
            rows = [(note, *(more[note, kind] for kind in KINDS)) for note in notes]
            cursor.execute(COUNT.format(rows=_values(rows)), (timezone.now(), *sum(rows, ())))


@receiver(pre_delete, sender=settings.AUTH_USER_MODEL)
def _person_goes(sender, instance, **kwargs):
    """Count somebody who is deleted no longer."""
    kept = Reaction.objects.filter(person_id=instance.pk).values_list("note_id", "person_id", "kind")
    write([(*row, False) for row in kept])


def write_all(items):
    """Keep [(event's key, what write() takes)], and show the numbers on those events' pages."""
    write([wanted for _, wanted in items])
    for key in {key for key, _ in items}:
        shown.anew(key, "tallies")


BATCHES = Batches(write_all)


def _values(rows):
    return ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
