"""Compare what every page shows with what the database holds; any difference is a fault of the site."""

from collections import Counter
from dataclasses import dataclass, field

KINDS = ("missing", "doubled", "out of order", "for the wrong eyes", "otherwise wrong")
HEADS_CHECK = 7.0  # seconds after which nobody may be shown what they lost


@dataclass
class Seen:
    """What a page shows of one stream at the end: [(number, text)] from the top.

    `since` is the number of its first line where the page holds only the last ones; `whole` says that
    nothing may lack at the end; `allowed` that the person may see the stream; `lost` is when it was taken
    from them (monotonic seconds).
    """

    who: str
    key: str
    lines: list
    head: int = 0
    since: int = 0
    whole: bool = True
    allowed: bool = True
    leaked: int = 0  # frames of a stream that is not for them
    lost: float = 0.0


@dataclass
class Verdict:
    """The differences, by kind and in words."""

    counts: Counter = field(default_factory=Counter)
    words: list = field(default_factory=list)

    def add(self, kind, words, count=1):
        self.counts[kind] += count
        self.words.append(f"{kind}: {words}")


def judge(seen, said, truth, away=()):
    """Return the Verdict on all pages, all that was said, and the log itself.

    `away` are the times [(from, to)] at which the database was away, and with it the heads check.
    """
    verdict, at = Verdict(), {(each.room, each.client_id): each.at for each in said}
    for each in seen:
        if each.allowed:
            _page(verdict, each, truth)
            _lost(verdict, each, truth, at, away)
        elif each.leaked or each.lines:
            verdict.add("for the wrong eyes", f"{each.who} got {each.leaked} frames of {each.key}")
    _said(verdict, said, truth)
    for key in truth.messages:
        _log(verdict, key, truth)
    return verdict


def _page(verdict, seen, truth):
    place = f"{seen.who} in {seen.key}"
    rows = {row.number: row for row in truth.messages[seen.key]}
    numbers = [number for number, _ in seen.lines]
    known = [number for number in numbers if number in rows]
    if strange := set(numbers) - rows.keys():
        verdict.add("for the wrong eyes", f"{place}: lines {some(strange)} of no such room", len(strange))
    texts = Counter(text for _, text in seen.lines)
    ids = Counter(numbers)
    if twice := {n for n, text in seen.lines if ids[n] > 1 or texts[text] > 1}:
        verdict.add("doubled", f"{place}: lines {some(twice)}", len(twice))
    once = list(dict.fromkeys(known))
    if swapped := [b for a, b in zip(once, once[1:], strict=False) if b < a]:
        verdict.add("out of order", f"{place}: lines {some(swapped)} stand behind later ones", len(swapped))
    until = None if seen.whole else max(known, default=0)
    due = [n for n, row in rows.items() if row.text is not None and n >= seen.since]
    if lacking := [n for n in due if n not in ids and (until is None or n < until)]:
        verdict.add("missing", f"{place}: lines {some(lacking)}", len(lacking))
    if seen.whole:
        if seen.head != truth.heads.get(seen.key, 0):
            verdict.add("missing", f"{place}: it stands at {seen.head} of {truth.heads.get(seen.key)}")
        if other := [n for n, text in seen.lines if n in rows and rows[n].text != text]:
            verdict.add("otherwise wrong", f"{place}: lines {some(other)} are out of date", len(other))


def _lost(verdict, seen, truth, at, away):
    """Who lost the stream may have been sent something on its way, but nothing that was said much later."""
    said = {row.number: at.get((seen.key, row.client_id), 0.0) for row in truth.messages[seen.key]}
    newest = max((said.get(number, 0.0) for number, _ in seen.lines), default=0.0)
    if seen.lost and newest > (limit := _deadline(seen.lost, away)):
        late = f"said {newest - limit:.1f} s after a heads check at the latest"
        verdict.add("for the wrong eyes", f"{seen.who} in {seen.key}: lost it, and was shown what was {late}")


def _deadline(lost, away):
    """Return when a loss must have come to every page: no heads check without the database."""
    limit = lost + HEADS_CHECK
    for began, ended in away:
        if began < limit and ended > lost:
            limit = max(limit, ended + HEADS_CHECK)
    return limit


def _said(verdict, said, truth):
    rows = {key: {} for key in truth.messages}
    for key, messages in truth.messages.items():
        for row in messages:
            rows[key].setdefault(row.client_id, []).append(row)
    for each in said:
        found = rows[each.room].pop(each.client_id, [])
        what = f"{each.first!r} of {each.room}"
        if not found:
            word = "acknowledged, and not there" if each.acknowledged else "never sent in the end"
            verdict.add("missing", f"{what}: {word}")
        elif not each.acknowledged:
            verdict.add("otherwise wrong", f"{what}: there, and never acknowledged")
        if len(found) > 1:
            verdict.add("doubled", f"{what}: {len(found)} rows", len(found) - 1)
        if found and found[0].text != each.text:
            verdict.add("otherwise wrong", f"{what}: holds {found[0].text!r}, not {each.text!r}")
    for key, left in rows.items():
        if left:
            verdict.add("otherwise wrong", f"{key}: {len(left)} messages that nobody said", len(left))


def _log(verdict, key, truth):
    """The log has no hole up to its head, and each message once, in the order of the rows."""
    seqs = [seq for seq, _, _ in truth.entries[key]]
    if seqs and seqs != list(range(seqs[0], truth.heads[key] + 1)):
        verdict.add("missing", f"the log of {key}: its numbers have holes, or end before the head")
    things = [thing for _, thing, amends in truth.entries[key] if not amends]
    published = [int(thing.partition(":")[2]) for thing in things]
    rows = [row.number for row in truth.messages[key]]
    if len(set(published)) != len(published):
        verdict.add("doubled", f"the log of {key}: a message was published twice")
    elif published != rows[len(rows) - len(published) :]:
        verdict.add("out of order", f"the log of {key}: entries stand in another order than the messages")


def some(numbers):
    """Write the first few numbers of many."""
    first = ", ".join(map(str, sorted(numbers)[:8]))
    return f"{first} … {len(numbers)} in all" if len(numbers) > 8 else first
