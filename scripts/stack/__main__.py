"""The verbs behind `make up` and its neighbours: in containers, or natively where no Docker engine answers.

    python3 scripts/stack up|down|build|ps|logs [service]|shell|migrate|scale N|roll [service]|admin|clean

Standard library only, Python 3.9 or later: it runs before there is a virtual environment.
"""

import os
import shutil
import subprocess
import sys

import compose
import containers
import native
from common import ROLLED, ROOT, SECRETS, VAR, Failed, given, knob, recall, remember, say

CACHES = (".venv", ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache")
MADE = ("var/static", "var/log", "var/run", "var/bench")


def forced():
    """Return MODE, which may be empty."""
    mode = knob("MODE")
    if mode not in ("", "containers", "native"):
        raise Failed(f"MODE={mode} is neither containers nor native.")
    return mode


def need_containers():
    """Fail where containers cannot be used."""
    if problem := compose.problem():
        raise Failed(
            f"MODE=containers: {problem}.\nInstall Docker with Compose v2 (as root on Debian or Ubuntu "
            "scripts/engine does it), or use MODE=native."
        )


def choose():
    """Return (mode, why natively): MODE decides, else where it runs now, else what this machine can."""
    mode = forced()
    if mode == "containers":
        need_containers()
        compose.need_ours()
        return containers, ""
    if mode == "native":
        return native, "MODE=native"
    if native.running():
        return native, "it runs natively already"
    if problem := compose.problem():
        return native, problem
    compose.need_ours()
    return containers, ""


def up():
    """Start the stack."""
    mode, why = choose()
    if mode is native:
        say(f"Running natively, without containers ({why}): nginx, uWSGI, Daphne, worker, Redis")
    remember()
    mode.up()


def down():
    """Stop the stack, in whichever modes it runs; MODE stops only the one."""
    mode = forced()
    if mode == "containers":
        need_containers()
    stopped = mode != "containers" and native.down()
    if mode != "native" and not compose.problem() and compose.owner() == str(ROOT):
        containers.down()
        stopped = True
    if not forced():
        given().unlink(missing_ok=True)
    if not stopped:
        say("Nothing runs.")


def build():
    """Build the images."""
    mode, why = choose()
    if mode is native:
        raise Failed(f"Images need containers ({why}). Natively there is nothing to build: `make up`.")
    containers.build()


def scale(count):
    """Change the number of ws processes."""
    if not count.isdecimal() or not 1 <= int(count) <= 99:
        raise Failed(f"WS={count} must be a whole number from 1 to 99: make scale WS=3")
    choose()[0].scale(int(count))


def roll(service=""):
    """Replace the processes of one service, or of all that can be replaced unnoticed."""
    if service not in ("", *ROLLED, "nginx"):
        raise Failed(f"S={service} cannot be replaced while the site serves: S=ws, web, worker or nginx.")
    choose()[0].roll_services([service] if service else ROLLED)


def logs(service=""):
    """Show the log; follow it on a terminal."""
    choose()[0].logs(service, follow=sys.stdout.isatty())


def clean():
    """Remove what can be made again; with CONFIRM=1 this checkout's data and secrets too."""
    engine = forced() != "native" and not compose.problem()
    if native.running() or (engine and compose.owner() == str(ROOT)):
        raise Failed("The stack is there: `make down` first.")
    for name in (*CACHES, *MADE):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for top in ("partyline", "services", "scripts", "tests", "bench"):
        for directory in [*(ROOT / top).rglob("__pycache__")]:
            shutil.rmtree(directory, ignore_errors=True)
    if knob("CONFIRM") != "1":
        say("Clean. Data and secrets stay (var/, .secrets/, the volume of db): CONFIRM=1 deletes them too.")
        return
    shutil.rmtree(VAR, ignore_errors=True)
    if containers.volumes() and not engine:
        say("Clean, and var/ is gone. The database's volume and .secrets/ stay: they need the Docker engine.")
        return
    containers.remove_data()
    for secrets in (SECRETS, ROOT / "k8s" / "overlays" / "local" / "secrets"):  # the second is a copy
        shutil.rmtree(secrets, ignore_errors=True)
    say("Clean. The data and the secrets are gone.")


def main(verb="", *arguments):
    """Run one verb; what goes wrong is said in words, with exit status 1."""
    plain = {"up": up, "down": down, "build": build, "scale": scale, "roll": roll}
    plain |= {"logs": logs, "clean": clean}
    manage = {"shell": ["shell"], "migrate": ["migrate", "--noinput"], "admin": ["createsuperuser"]}
    try:
        if verb not in ("up", "build"):
            recall()
        if verb in plain:
            plain[verb](*arguments)
        elif verb in manage:
            choose()[0].manage(*manage[verb], *(["--noinput"] if verb == "admin" and given_admin() else []))
        elif verb == "ps":
            choose()[0].ps()
        else:
            raise Failed(__doc__.split("\n\n")[1].strip())
    except Failed as failed:
        print(f"\n{failed}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failed:
        print(f"\n{failed.cmd[0]} ended with status {failed.returncode}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def given_admin():
    """Say whether the environment names the operator, so that nobody has to be asked."""
    return all(os.environ.get(f"DJANGO_SUPERUSER_{name}") for name in ("USERNAME", "PASSWORD"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
