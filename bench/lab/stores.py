"""A throw-away Postgres and Redis, out of the machine's own binaries, on unix sockets, on the disk."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.shell import StackError, run, until

USER = "partyline"


class Stores:
    """The running servers: their folder, process ids, log, and the environment that leads there."""

    def __init__(self, folder):
        self.folder, self.pids = folder, []
        self.redis, self.postgres = folder / "redis.sock", folder / "postgres"
        self.log = folder / "postgres.log"
        self.environment = {
            "REDIS_URL": f"unix://{self.redis}",
            "CELERY_REDIS": str(self.redis),
            "DATABASE_URL": self.url("ours"),
            "PROCRASTINATE_DATABASE": f"host={self.postgres} user={USER} dbname=procrastinate",
        }

    def url(self, database):
        return f"postgres://{USER}@{str(self.postgres).replace('/', '%2F')}/{database}"

    def sql(self, statement, database="postgres"):
        """Run a statement as the superuser."""
        options = ["-h", self.postgres, "-U", USER, "-d", database, "-q", "-v", "ON_ERROR_STOP=1"]
        return run(binaries() / "psql", *options, "-Atc", statement)


@contextmanager
def stores(redis_options=(), with_postgres=True):
    """Start both, give them, and stop and delete them in the end."""
    if with_postgres and binaries() is None or not shutil.which("redis-server"):
        raise StackError("Postgres or Redis is not on this machine: apt-get install postgresql redis-server")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partyline-bench-")))
        folder.chmod(0o755)
        made = Stores(folder)
        made.pids.append(stack.enter_context(redis(made, *redis_options)))
        if with_postgres:
            made.pids.append(stack.enter_context(postgres(made)))
        yield made


@contextmanager
def redis(made, *options):
    """Run Redis."""
    place = ["--port", "0", "--unixsocket", made.redis, "--dir", made.folder]
    with server(["redis-server", *place, "--save", "", *options]) as pid:
        until(made.redis.exists, "Redis answers", 30)
        yield pid


@contextmanager
def postgres(made):
    """Run Postgres as it comes, fsync and all."""
    made.postgres.mkdir()
    user = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(made.postgres, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "cwd": made.postgres}
    initdb = [binaries() / "initdb", "-D", made.postgres, "-A", "trust", "-U", USER, "-E", "UTF8"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **user)  # noqa: S603
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={made.postgres}"]
    options += ["-c", "log_line_prefix="]
    with open(made.log, "w") as log:
        command = [binaries() / "postgres", "-D", made.postgres, *options]
        with server(command, stderr=log, **user) as pid:
            ready = [binaries() / "pg_isready", "-q", "-h", made.postgres]
            until(lambda: subprocess.run(ready).returncode == 0, "Postgres answers", 30)  # noqa: S603
            yield pid


@contextmanager
def server(command, **options):
    """Give the process id of a server that runs meanwhile."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True, **options)  # noqa: S603
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)  # SIGTERM would have Postgres wait for its clients
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def binaries():
    """Return the folder of the newest Postgres on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None
