"""The programs of one turn: started in its folder, looked after, and ended by their process ids."""

import json
import os
import resource
import signal
import socket
import subprocess
from contextlib import closing

from bench.shell import ROOT, StackError, until

STOP_SECONDS = 5
OURS = {
    "SECRET_KEY": "only-for-the-bench",
    "LOG_LEVEL": "WARNING",
    "DJANGO_SETTINGS_MODULE": "partyline.settings",
    "ALLOWED_HOSTS": "127.0.0.1",
    "PYTHONUNBUFFERED": "1",
    "WS_ADDRESS_PER_SECOND": "0",  # all readers come from this machine
    "WS_DRAIN_SECONDS": "0",  # nobody is left when a turn ends
}


class Programs:
    """Starts programs; used with `with`, it ends them in the end, the last one first."""

    def __init__(self, folder, cores, environment):
        self.folder, self.cores, self.running = folder, cores, []
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self.environment = kept | path | OURS | environment
        self.log = folder / "programs.log"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self.running:
            end(self.running.pop())

    def start(self, *command, serves=False, env=None, **options):
        """Start a program, on the serving core if it serves, and return its Popen."""

        def become():
            files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            if serves:
                self.cores.serve()

        with open(self.log, "a") as log:
            process = subprocess.Popen(  # noqa: S603
                [str(word) for word in command],
                **{"stdout": log, "stderr": log, "cwd": ROOT, "start_new_session": True} | options,
                env=self.environment | (env or {}),
                preexec_fn=become,
            )
        self.running.append(process)
        return process

    def listens(self, port):
        """Wait until a program listens on the port."""

        def answers():
            self.check()
            with closing(socket.socket()) as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(answers, "a server listens", 30, pause=0.05)

    def check(self):
        """Raise StackError, with the end of the log, where one has ended by itself."""
        for process in self.running:
            if process.poll():
                raise StackError(f"{process.args[0]} ended with {process.returncode}:\n{self.said()}")

    def said(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def figures(self, *command):
        """Run a program to its end and return what it printed as JSON."""
        process = self.start(*command, stdout=subprocess.PIPE, text=True)
        found, _ = process.communicate(timeout=300)
        self.running.remove(process)
        if process.returncode:
            raise StackError(f"{command} failed:\n{self.said()}")
        return json.loads(found or "null")


def end(process):
    """Ask a process to end, and see it gone with its children."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # each has a group of its own
        process.wait()


def free_port():
    """Return a port that nobody has right now."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
