"""Which core serves, and which does everything else."""

import os


class Cores:
    """`serving` and `others` are sets of one core's number each; the same one where there is only one."""

    def __init__(self):
        available = sorted(os.sched_getaffinity(0))
        self.serving, self.others = {available[0]}, {available[-1]}

    def take_others(self):
        """Leave the serving core to the servers: this process, and what it starts, goes elsewhere."""
        os.sched_setaffinity(0, self.others)

    def serve(self):
        """Move the calling process to the serving core; for a child that is about to become a server."""
        os.sched_setaffinity(0, self.serving)

    @property
    def words(self):
        if self.serving == self.others:
            return "one core for everything: only the CPU seconds mean something here"
        return "what serves on one core; load, publisher, Redis and database on another"
