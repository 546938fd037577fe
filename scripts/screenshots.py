"""Take pictures of the real site: docs/screenshot*.png for the README, every page in var/screenshots/.

It starts `manage.py run` on a free port with a database of its own, lets three people talk in as many browser
windows, and needs Chromium: /usr/bin/chromium, or the one that `playwright install chromium` brings.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import screenshots_events
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
INTO = ROOT / "var" / "screenshots"
CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (360, 768, 1280)
SCHEMES = ("light", "dark")
PICTURE = {"viewport": {"width": 1000, "height": 620}, "device_scale_factor": 1.5}

TALK = [  # (who, how many minutes ago, what)
    ("Ada", 31, "Morning! Has anybody tried the new build on a slow connection?"),
    ("Jun", 29, "I have, on the train. It went through two tunnels and I lost nothing."),
    ("Jun", 29, "It said “Reconnecting…” once, and then all the lines were there, in order."),
    ("Maya", 26, "Same here. My message waited as “Sending…” until the signal was back."),
    ("Ada", 24, "Good. Then I would like to open it to everyone on Friday."),
    ("Maya", 22, "Friday works. I will write the announcement:\n– what it is\n– how to come in as a guest"),
    ("Jun", 20, "I can keep an eye on the dashboard while people arrive."),
    ("Ada", 3, "Perfect. Shall we move the old mailing list over as well?"),
]
LAST = ("Jun", "Yes, one place is enough. I will tell them today.")  # said in a browser, while we look
LATER = (time.gmtime().tm_hour + 3) % 24 - 12  # hours since nine o'clock, from -12 to 11 …
STATES = {  # what the state line may say, as the extension tells it
    "reconnecting": "Reconnecting…",
    "offline": "Offline. What you write is sent later.",
    "refused": "You may not take part here.",
}
ZONE = f"Etc/GMT{LATER:+d}"  # … so that it is morning in the pictures, whenever they are taken


def main():
    """Seed a fresh site, start it, and take every picture."""
    with tempfile.TemporaryDirectory(prefix="partyline-") as folder:
        os.environ |= {
            "DEBUG": "true",
            "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
            "REDIS_URL": "",
            "FILE_STORAGE": "database",
            "HTTPS": "false",
            "LOG_LEVEL": "WARNING",
            "WORKER_HEARTBEAT_FILE": f"{folder}/worker.heartbeat",
            "DJANGO_SETTINGS_MODULE": "partyline.settings",
        }
        cookies, room, private, events, jobs = seed()
        with server() as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM if CHROMIUM.exists() else None,
                args=["--no-sandbox"] if os.getuid() == 0 else [],
            )
            windows = {who: window(browser, site, cookie) for who, cookie in cookies.items()}
            pages = {who: each.new_page() for who, each in windows.items()}
            talk(pages, site + room)
            take_picture(browser, site, room, cookies["Ada"])
            take_pages(browser, site, room, events, jobs, cookies["Ada"])
            take_moments(browser, site, room, private, cookies["Ada"])
            browser.close()


def seed():
    """Fill the database by the products' verbs; return {name: session}, two paths, and {name: path} twice."""
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from partyline.people.models import Person
    from partyline.rooms.models import Message, Room

    call_command("migrate", interactive=False, verbosity=0)
    people = {
        name: Person.objects.create_user(name, is_guest=name == "Jun") for name in ("Ada", "Maya", "Jun")
    }
    rooms = [
        Room.objects.create(name=name, owner=people["Ada"]) for name in ("Kitchen", "Help", "Launch week")
    ]
    rooms.append(Room.objects.create(name="Moderators", owner=people["Ada"], is_private=True))
    for room in rooms:
        room.invite(people["Ada"])
    launch, now = rooms[2], timezone.now()
    for who, minutes, text in TALK:
        message = launch.say(people[who], text)
        Message.objects.filter(pk=message.pk).update(created=now - timedelta(minutes=minutes))
    message.edit("Perfect. Shall we move the old mailing list over, too?")
    rooms[0].say(people["Maya"], "There is cake.")
    rooms[3].invite(people["Jun"])
    events = screenshots_events.seed(people, now)
    Person.objects.filter(username="Ada").update(is_staff=True)  # who sees everybody's jobs
    cookies = {}
    for name, person in people.items():
        client = Client()
        client.force_login(person)
        cookies[name] = client.cookies["sessionid"].value
    paths = (each.get_absolute_url() for each in (launch, rooms[3]))
    return cookies, *paths, events, seed_jobs(people["Maya"], now)


def seed_jobs(person, now):
    """Make a job of each state, which no worker takes; return {name: path}."""
    from django.urls import reverse

    from partyline.jobs.models import Job

    raised = "Traceback (most recent call last):\n" + '  File "/app/partyline/rooms/tasks.py", line 28, in '
    raised += "export_transcript\n    for text in pieces:\nOSError: [Errno 28] No space left on device"
    lines = [f"{n} messages read" for n in (100, 200, 300)]
    kinds = {
        "running": {"done": 340, "total": 800, "text": "340 of 800 messages", "worker": "worker-1:7"},
        "failed": {"errors": [{"exception": "builtins.OSError", "traceback": raised}] * 2, "attempts": 5},
        "cancelled": {"done": 20, "total": 800, "text": "20 of 800 messages"},
        "ready": {"due": now + timedelta(hours=2)},
    }
    found = {}
    for n, (status, fields) in enumerate(kinds.items()):
        fields = {"person": person, "status": status, "attempts": 1} | fields
        fields |= {"task": "partyline.rooms.tasks.export_transcript", "label": "Transcript of Launch week"}
        fields["created"] = fields["started"] = now - timedelta(minutes=7 * n + 2)
        if status in ("failed", "cancelled"):
            fields |= {"due": None, "finished": now - timedelta(minutes=n)}
        fields.setdefault("due", now + timedelta(hours=1))
        at = [(now - timedelta(seconds=40 - 10 * n)).isoformat() for n in range(len(lines))]
        fields["lines"] = [{"at": moment, "text": line} for moment, line in zip(at, lines, strict=True)]
        found[f"job-{status}"] = reverse("jobs:job", args=[Job.objects.create(**fields).pk])
    return found


@contextlib.contextmanager
def server():
    """Run the site on a free port and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = [sys.executable, ROOT / "manage.py", "run", "--noreload", address]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not answers(f"http://{address}/readyz"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The site did not start: try `make run`.")
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def answers(url):
    """Tell whether the address answers with 200."""
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (URLError, OSError):
        return False


def window(browser, site, session="", **options):
    """Return a browser window of its own, signed in where there is a session."""
    found = browser.new_context(locale="en-GB", timezone_id=ZONE, **options)
    if session:
        found.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    return found


def talk(pages, room):
    """Open the room in every window, say the last line in one, and wait until all show it."""
    for page in pages.values():
        page.goto(room)
        page.locator('#live-state[data-state="live"]').wait_for(state="attached")
    who, text = LAST
    pages[who].fill("textarea", text)
    pages[who].press("textarea", "Enter")
    for page in pages.values():
        page.get_by_text(text).wait_for()
        page.wait_for_function("n => document.querySelectorAll('#here li').length == n", arg=len(pages))
    pages["Ada"].get_by_role("button", name="Export this room").click()
    pages["Ada"].locator('.job[data-status="done"]').wait_for(state="attached")


def take_picture(browser, site, room, session):
    """Write the README's picture, light and dark; the people of talk() are still here."""
    for scheme in SCHEMES:
        page = window(browser, site, session, color_scheme=scheme, **PICTURE).new_page()
        page.goto(site + room)
        page.locator('#live-state[data-state="live"]').wait_for(state="attached")
        page.fill("textarea", "Thank you! I will move")
        page.locator("textarea").blur()
        suffix = "" if scheme == "light" else "-dark"
        page.screenshot(path=ROOT / "docs" / f"screenshot{suffix}.png")
        page.context.close()


def take_pages(browser, site, room, events, jobs, session):
    """Write every page at every width, light and dark, for people to look at."""
    paths = {"rooms": "/", "room": room, "new-room": "/rooms/new/", "events": "/events/"} | events
    paths |= {"dashboard": "/dashboard/", "stack": "/dashboard/stack/"}
    paths |= {"jobs": "/jobs/", "all-jobs": "/jobs/all/"} | jobs
    public = {"rooms-signed-out": "/", "room-signed-out": room, "event-signed-out": events["event"]}
    public |= {name: f"/people/{name}/" for name in ("sign-in", "sign-up", "guest")}
    restarting = (ROOT / "nginx" / "pages" / "restarting.html").as_uri()
    INTO.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        for scheme in SCHEMES:
            size = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
            for cookie, found in ((session, paths), ("", public)):
                page = window(browser, site, cookie, **size).new_page()
                for name, path in found.items():
                    page.goto(site + path)
                    page.screenshot(path=INTO / f"{name}-{width}-{scheme}.png", full_page="room" not in name)
                page.goto(restarting)
                page.screenshot(path=INTO / f"restarting-{width}-{scheme}.png")
                page.context.close()


def take_moments(browser, site, room, private, session):
    """Write what a room shows for a while only: the state line, the owner's tools."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            size = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
            page = window(browser, site, session, **size).new_page()
            page.goto(site + room)
            page.locator('#live-state[data-state="live"]').wait_for(state="attached")
            for state, words in STATES.items():
                page.evaluate("([state, words]) => partyline.tell(state, words)", [state, words])
                page.locator("#live-state", has_text=words).wait_for()
                page.screenshot(path=INTO / f"room-{state}-{width}-{scheme}.png")
            page.goto(site + private)
            page.locator(".tools").evaluate("(tools) => { tools.open = true; }")
            page.screenshot(path=INTO / f"room-tools-{width}-{scheme}.png")
            page.context.close()
    print(f"docs/screenshot.png, docs/screenshot-dark.png, and every page in {INTO.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
