"""Real servers for a test session, out of the machine's own binaries, on unix sockets in their own folder."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SQLITE = {"DATABASE_URL": "sqlite:///var/unused.sqlite3", "REDIS_URL": "", "DATABASE_PASSWORD": ""}
missing = ""  # what keeps the tests of this session from running, in words


def environment(stores):
    """Start what `stores` needs and return the variables that lead the site there."""
    global missing
    if stores == "sqlite":
        return SQLITE
    if stores != "postgres":
        raise SystemExit(f"TEST_STORES={stores!r} is neither sqlite nor postgres.")
    if postgres_binaries() is None or not shutil.which("redis-server"):
        missing = "Postgres or Redis is not on this machine: apt-get install postgresql redis-server"
        return SQLITE
    folder = Path(tempfile.mkdtemp(prefix="partyline-servers-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {**redis(folder), **postgres(folder)}


def redis(folder):
    """Start a Redis and return its variables."""
    socket = folder / "redis.sock"
    run(["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)])
    until(socket.exists)
    return {"REDIS_URL": f"unix://{socket}", "REDIS_PASSWORD": ""}


def postgres(folder):
    """Start a Postgres that any connection on its socket may use, and return its variables."""
    binaries = postgres_binaries()
    data = folder / "postgres"
    data.mkdir()
    user = {}
    if os.geteuid() == 0:  # Postgres refuses to run as root
        owner = pwd.getpwnam("postgres")
        os.chown(data, owner.pw_uid, owner.pw_gid)
        user = {"user": owner.pw_uid, "group": owner.pw_gid, "cwd": data}
    initdb = [binaries / "initdb", "-D", data, "-A", "trust", "-U", "partyline", "--no-sync", "-E", "UTF8"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **user)
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    run([binaries / "postgres", "-D", data, *options], **user)
    ready = [binaries / "pg_isready", "-q", "-h", data]
    until(lambda: subprocess.run(ready).returncode == 0)
    host = str(data).replace("/", "%2F")
    return {"DATABASE_URL": f"postgres://partyline@{host}/postgres", "DATABASE_PASSWORD": ""}


def postgres_binaries():
    """Return the folder of the newest Postgres on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


def run(command, **options):
    """Start a server that ends with this process."""
    server = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, **options)

    def stop():
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    atexit.register(stop)


def until(condition, seconds=30):
    """Wait for a condition, with a limit."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"A server of the tests did not start within {seconds} s.")
        time.sleep(0.05)
