"""What all turns stand on: the compiled C, the stores, our site's database with people who are signed in."""

import shutil
import socket
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench.shell import ROOT, StackError, run

from .figures import MUTE
from .programs import Programs

HERE = Path(__file__).parent
BINARIES = ROOT / "var" / "bench" / "bin"


@dataclass
class Bench:
    """What all turns share; `keys` are the streams of our rooms, `sessions` the cookies of our people."""

    folder: Path
    python: Path
    cores: object
    stores: object
    environment: dict
    seconds: int
    compiled: Path = BINARIES
    keys: list = field(default_factory=list)
    sessions: list = field(default_factory=list)
    joined: int = 0  # lines in one write of Partyline's, in this round

    @property
    def redis(self):
        return self.stores.redis

    def forget(self):
        """Have Redis forget what the last turn left: the core layer's groups outlive their server."""
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.connect(str(self.redis))
            client.sendall(b"FLUSHALL\r\n")
            if not client.recv(100).startswith(b"+OK"):
                raise StackError("Redis does not forget.")

    def fill(self, number, size):
        """Publish entries to the first room, and return the cursor before them."""
        return self.tell_ours("entries", self.keys[0], number, size)

    def manage(self, *words):
        with Programs(self.folder, self.cores, self.environment) as programs:
            programs.figures(self.python, "manage.py", *words, "--verbosity=0")

    def tell_ours(self, *words):
        with Programs(self.folder, self.cores, self.environment) as programs:
            return programs.figures(self.python, "-m", "bench.fanout.ours", *words)


def prepared(made, python, cores, seconds, store, most, middle):
    """Return the Bench, for so many clients at most, and so many in rooms of 20."""
    compile_c()
    environment = {"REDIS_URL": f"unix://{made.redis}", "STATIC_ROOT": str(made.folder / "static")}
    if store == "postgres":
        made.sql("CREATE DATABASE ours")
        environment["DATABASE_URL"] = made.url("ours")
    else:
        environment["DATABASE_URL"] = f"sqlite:///{made.folder}/ours.sqlite3"
    bench = Bench(made.folder, python, cores, made, environment, seconds)
    bench.manage("migrate")
    vars(bench).update(bench.tell_ours("people", max(1, middle // 20), most + MUTE))
    return bench


def compile_c(folder=BINARIES, *options):
    """Make the load and the limit from their sources."""
    if not shutil.which("cc"):
        raise StackError("No C compiler is installed: apt-get install gcc libc6-dev")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("load", "limit"):
        run("cc", "-O2", "-Wall", *options, "-o", folder / name, HERE / f"{name}.c")
