"""What the page says around its tables."""

TITLES = {
    "single": "Telling one room, a line at a time",
    "fanout": "Telling one room, many lines at once",
    "latency": "Until the last client has it",
    "quick": "The same, ten times as often",
    "rooms": "Telling many small rooms",
    "connections": "A connection",
    "slow": "Clients that never read",
    "http": "Pages and files",
    "resume": "Everybody at once",
}
HEAD = """# Fan-out: Partyline beside what others build rooms with

`make bench` wrote this page: every system in turn, freshly started, one server process each;
medians of {rounds} such rounds. CPU seconds are the figure to trust: the others depend on who else
is at work on the machine.

{lines}

**What is kept is not the same.** Partyline's lines are entries: each is committed to the database
({store}) before anybody gets it, is numbered, and can be resumed; lines that wait are committed up
to 16 at once. Its readers are signed in, may see the room, and are shown as being there. The others
keep nothing, ask nobody who they are, and lose what a client misses. What the database costs stands
in its own column; each time until the last client includes the transaction.

The load is a program in C that counts what comes, and times it by one clock. C is what it measures,
too: where that is far ahead of a system, the load was not what held the system back."""
COST = """\
CPU is that of the server's processes, nginx before it included; Redis, the database and the
publisher work for it on another core. *Missed*: what did not come, in all rounds. Where the
*server* is not *busy*, its publisher was what held it back: Partyline's commits."""
ABOUT = {
    "single": f"""\
Lines of 200 bytes; the next one is said when everybody has the one before, so that no server has
anything to join. {COST}""",
    "fanout": f"""\
The same with many lines under way all the time (32,000 deliveries, at least 6 lines), so that a
server may join what comes while it is at work. *Lines in one read* tells how far it, or the kernel,
did. {COST}

The coalescing C joins as many lines as Partyline did just before it, in the same round: like for
like. It has no part in the figures where nothing can be joined.""",
    "rooms": """\
The same in rooms of 20 clients each, up to 64 lines under way in all. One publisher, which waits
for each of its lines, may be what holds the server back here: *server busy* tells.""",
    "latency": """\
Two lines a second, of 200 bytes; percentiles over the lines of all rounds. The time runs from where
the load hands the line to the publisher until the last client has it. *Publishing* is the
publisher's call: Partyline's transaction with its COMMIT; of the others, until Redis, nginx or C
has it. Socket.IO's emitter does not tell.""",
    "quick": """\
Twenty lines a second: more than the tutorial's stacks can do.""",
    "connections": """\
Memory (PSS) and CPU of the server's processes, nginx before it included, for one more connection;
50 handshakes at a time. Partyline's include session, permission and resume; the others' the
handshake and the room alone. *Idle*: what holding one costs, over the 25 s in which each of them
pings once, in one round. Where a number says nothing new about a stack, it has a dash.""",
    "slow": """\
20 lines of 64 kB a second to 20 readers, then the same with 20 clients more that never read;
percentiles over the lines of all rounds. *Grown*: by how much the server's memory rose at most,
divided by those. What the kernel's buffers take, about 2 MB each, is in none of it. limit.c cuts
a client that does not take a line at once.""",
    "resume": """\
Everybody connects in the same moment. Partyline's readers lack 50 entries each, and get them.""",
    "http": """\
CPU of uWSGI (one process, one thread; nginx before it on another core), and of nginx for files.
*Bare* is the same view, with its template, queries and context processors, on uWSGI with no middleware but
the session and its person: no metrics, request id, CSRF check, messages, CSP or other header, and no look at
whether the database's connection lives. nginx logs our files, plain nginx logs nothing.""",
}
UNSAID = "nothing is written down about it yet (bench/fanout/words.py)"
# What was tried, and what stands in the way, of targets that are missed: {its name in targets.py: words}.
MISSED = {}
