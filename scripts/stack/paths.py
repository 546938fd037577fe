"""Where the natively running stack keeps its state, its sockets and its log."""

import hashlib
import os
import tempfile
from pathlib import Path

from common import ROOT, VAR, Failed

LONGEST = 107  # bytes of a unix socket's path


class Paths:
    """State in var/run; sockets there too, or where their paths are short enough for the kernel."""

    def __init__(self):
        self.run = VAR / "run"
        self.state, self.lock = self.run / "state.json", self.run / "lock"
        self.log = VAR / "log" / "partyline.log"
        self.upstreams = self.run / "upstreams.conf"
        self.sockets = self.run
        if len(os.fsencode(self.run / "control.sock")) > LONGEST:
            name = hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]
            self.sockets = Path(tempfile.gettempdir()) / f"partyline-{os.getuid()}-{name}"
        self.control = self.socket("control")

    def make(self):
        """Make the directories; fails where somebody else made the one for sockets."""
        VAR.mkdir(exist_ok=True)
        for directory in (self.run, self.log.parent, self.sockets):
            directory.mkdir(mode=0o700, exist_ok=True)
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != os.getuid():
            raise Failed(f"{self.sockets} belongs to somebody else: set TMPDIR to a directory of your own.")
        self.sockets.chmod(0o700)

    def socket(self, name):
        """Return the path of a part's socket."""
        return self.sockets / f"{name}.sock"
