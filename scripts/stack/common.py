"""What both modes share: where things are, the knobs, plain errors, and the check for a taken port."""

import contextlib
import errno
import os
import re
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var"
SECRETS = ROOT / ".secrets"
# What is replaced while the site serves, in this order: a new page may want a new ws process.
ROLLED = ("ws", "worker", "web")


class Failed(Exception):
    """Something that the person at the terminal has to know, in words for them; ends in exit status 1."""


def say(text=""):
    """Print at once: what subprocesses print must come after it."""
    print(text, flush=True)


def read_env_file(path):
    """Return the KEY=VALUE lines of `path` as a dict: comments, `export` and surrounding quotes go."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for number, line in enumerate(Path(path).read_text().splitlines(), 1):
            line = line.strip().removeprefix("export ").strip()
            if not line or line.startswith("#"):
                continue
            name, equals, value = line.partition("=")
            if not equals or not name.strip().isidentifier():
                raise Failed(f"{path.name}, line {number}, is not KEY=VALUE: {line}")
            value = value.strip()
            if value[:1] in "'\"" and value[:1] and value.endswith(value[0]) and len(value) > 1:
                value = value[1:-1]
            else:
                value = value.partition(" #")[0].rstrip()
            found[name.strip()] = value
    return found


def given():
    """Return the file that holds what `make up` was given, one for each Compose project of this checkout."""
    return VAR / f"up-{knob('COMPOSE_PROJECT_NAME', 'partyline')}.env"


def remember():
    """Write down the knobs that this `make up` was given, for the verbs that come after it."""
    example = (ROOT / ".env.example").read_text()
    names = [name for name in re.findall(r"^#?([A-Z_0-9]+)=", example, re.MULTILINE) if name != "MODE"]
    found = {name: os.environ[name] for name in names if name in os.environ}
    given().parent.mkdir(exist_ok=True)
    given().touch(mode=0o600)
    given().write_text("".join(f"{name}='{value}'\n" for name, value in found.items() if "\n" not in value))


def recall():
    """Take those knobs over, where this command was not given others: `make scale` must not undo HTTPS."""
    for name, value in read_env_file(given()).items():
        os.environ.setdefault(name, value)


def knobs():
    """Return every setting that somebody made: those of .env, and over them those of the environment."""
    return {**read_env_file(ROOT / ".env"), **os.environ}


def knob(name, default=""):
    """Return one setting; an empty one counts as not made."""
    return knobs().get(name) or default


def number(name, default, least=1, most=None):
    """Return a whole-number setting, or fail naming it."""
    value = knob(name, str(default))
    if not value.isdecimal() or int(value) < least or (most and int(value) > most):
        raise Failed(
            f"{name}={value} must be a whole number from {least}" + (f" to {most}." if most else ".")
        )
    return int(value)


def tls_files():
    """Return (certificate, key) as absolute paths, or None where TLS_CERT and TLS_KEY are not set."""
    pair = knob("TLS_CERT"), knob("TLS_KEY")
    if not any(pair):
        return None
    if not all(pair):
        raise Failed("TLS_CERT and TLS_KEY go together: one of them is not set.")
    for name in ("TLS_CERT", "TLS_KEY"):
        path = knob(name)
        if not os.access(ROOT / path, os.R_OK) or (ROOT / path).is_dir():
            raise Failed(f"{name}={path} cannot be read. `make tls` makes a certificate for local use.")
    return ROOT / pair[0], ROOT / pair[1]


def ports():
    """Return {knob: port} of what nginx will listen on: PORT, and PORT_TLS where there is a certificate."""
    found = {"PORT": number("PORT", 8080, most=65535)}
    if tls_files():
        found["PORT_TLS"] = number("PORT_TLS", 8443, most=65535)
    if len(set(found.values())) < len(found):
        raise Failed(f"PORT and PORT_TLS are both {found['PORT']}: choose two.")
    return found


def reachable():
    """Return the address of this machine at which BIND is reached from here."""
    bind = knob("BIND", "127.0.0.1")
    return "127.0.0.1" if bind in ("0.0.0.0", "*") else bind


def address():
    """Return the address that people open."""
    host, listening = reachable(), ports()
    if "PORT_TLS" in listening:
        return f"https://{'localhost' if host == '127.0.0.1' else host}:{listening['PORT_TLS']}/"
    return f"http://{host}:{listening['PORT']}/"


def need_free_ports(ours=()):
    """Fail, naming the knob, where a port is taken by somebody else; `ours` are ports of our own nginx."""
    bind = knob("BIND", "127.0.0.1")
    for name, port in ports().items():
        if port in ours:
            continue
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((bind.strip("[]"), port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    other = port + 1 if port < 65535 else 8080
                    raise Failed(
                        f"Port {port} of {bind} is taken by another program, nothing was started.\n"
                        f"Stop that program, or choose another port: make up {name}={other}"
                    ) from None
                raise Failed(f"Cannot listen on {bind}, {name}={port}: {error.strerror}.") from None


def make_secrets():
    """Make what is missing in .secrets; what is there stays."""
    subprocess.run([ROOT / "scripts" / "secrets"], check=True)


def greet(mode):
    """Say where the site is and how to get in."""
    say(f"\nPartyline is up ({mode}): {address()}")
    if tls_files():
        say("  A certificate of `make tls` is nobody's: the browser asks once whether to trust it.")
    say("  Come in      give a guest name, or sign up; open a second browser and talk")
    say("  Operate      `make admin` makes an operator, who signs in at /admin/")
    say(
        "  See          `make ps`, `make logs`; `make scale WS=3`; `make down` stops it, and keeps everything"
    )
