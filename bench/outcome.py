"""How a drill ended: what makes it worth nothing, the verdict, the table; passed or not."""

from collections import Counter

from . import report
from .verdict import KINDS, Seen, judge
from .visits import unanswered

PRINTED = 40  # lines about one sort of trouble
LIMITED = (
    "a rate limit was hit, which says nothing about the site: everybody comes from one address here. "
    "Raise the limits of the stack under drill (docs/operations.md)"
)


def conclude(drill, found=None):
    """Print everything and return the exit status; `found` is the Truth, None where it came to nothing."""
    party, pages = drill.party, drill.pages
    for guest in party.guests:
        for said in guest.said:
            said.acknowledged |= said.client_id in guest.client.outbox.finished
    gaps = [(page.name, *gap) for page in pages for gap in page.gaps]
    say()
    visits = drill.visits.by_fault(drill.happened)
    say("\n".join([*report.of_faults(drill.happened, gaps, visits), report.LEGEND]))
    say()
    for each in drill.stack.left_out:
        say(f"left out: {each}")
    say(f"{len(party.said)} messages, {party.deliveries} deliveries; {totals(party, pages)}")
    troubles = [*drill.failures, *worthless(drill), *unexpected(party), *unanswered(visits, drill.happened)]
    for trouble in troubles[:PRINTED]:
        say(f"FAILED  {trouble}")
    if not found:
        return 1
    say(f"from saying to showing: {report.spread(party.delays(found))}")
    say(f"the drill itself came late by: {report.spread(drill.late)}")
    away = [(fault.began, fault.healthy) for fault in drill.happened if fault.service == "db"]
    verdict = judge(seen(party), party.said, found, away)
    for line in verdict.words[:PRINTED]:
        say(f"DIFFERS {line}")
    say(", ".join(f"{verdict.counts[kind]} {kind}" for kind in KINDS))
    good = not troubles and not verdict.words
    say("The drill is passed." if good else "The drill is NOT passed.")
    return 0 if good else 1


def seen(party):
    """Return what every page shows, for the verdict."""
    return [
        Seen(
            guest.person.name, key, list(stream.shown.items()), stream.seq, stream.since,
            not (key in guest.lost or guest.client.stopped), not stream.forbidden, stream.leaked,
            guest.lost.get(key, 0.0),
        )
        for guest in party.guests
        for key, stream in guest.client.streams.items()
    ]  # fmt: skip


def totals(party, pages):
    """Say what the pages went through."""
    figures = {
        "reconnects": sum(len(page.gaps) for page in pages),
        "moves": sum(page.moved for page in pages),
        "resumes": sum(page.resumes for page in pages),
        "resets": sum(stream.resets for stream in party.streams),
    }
    codes = sum((page.outbox.codes for page in pages), Counter())
    ends = sum((page.ends for page in pages), Counter())
    figures |= {f"failed ({code})": times for code, times in sorted(codes.items())}
    figures |= {f"ends with {code}": times for code, times in sorted(ends.items())}
    return ", ".join(f"{times} {name}" for name, times in figures.items())


def worthless(drill):
    """Return why the drill proves nothing, in words."""
    names = {fault.name for fault in drill.happened}
    never = [kind.name for kind in drill.kinds if kind.name not in names]
    seconds = drill.knobs["SECONDS"]
    if not names:
        yield "no fault happened"
    elif never and seconds >= drill.stack.per_kind * len(drill.kinds):
        yield f"never happened: {', '.join(never)}"
    elif never:
        say(f"not in these {seconds} s: {', '.join(never)}")
    if not any(page.gaps or page.moved for page in drill.pages):
        yield "no page ever lost its socket"
    for room in drill.party.rooms:
        if not any(said.room == room.key for said in drill.party.said):
            yield f"nothing was said in {room.key}"
    for guest in drill.party.guests:
        page = guest.client
        if not page.lives:
            yield f"{page.name} never connected"
        for key, stream in page.streams.items():
            if not (stream.shown or stream.forbidden or key in guest.lost):
                yield f"{page.name} was shown nothing in {key}"
            if stream.forbidden and not stream.refused:
                yield f"{page.name} asked for {key} and was never refused"


def unexpected(party):
    """Return what people met and should not have, in words."""
    yield from party.unexpected
    if party.too_fast or any(guest.client.outbox.codes["too_fast"] for guest in party.guests):
        yield LIMITED
    for guest in party.guests:
        page = guest.client
        for key, stream in page.streams.items():
            if stream.refused and not (stream.forbidden or key in guest.lost):
                yield f"{page.name} was refused {key}"
        if page.stopped == 4429:
            yield f"{page.name}: {LIMITED}"
        elif page.stopped and not guest.signed_out:
            yield f"{page.name} was told to stay away with {page.stopped}"
        for code in set(page.outbox.failed.values()):
            yield f"{page.name} was told that something will never be said: {code}"
        for frame in (page.errors + page.strange)[:1]:
            yield f"{page.name} was sent {frame}"


def say(text=""):
    """Print at once: the lines come while the drill runs."""
    print(text, flush=True)
