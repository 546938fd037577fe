"""People watch their jobs, cancel them and try them again; operators see why one failed, and everybody's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.room import live, say
from tests.site import ROOT, Site, end, free_ports, new_name, until
from tests.stack.visitor import Visitor

PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The environment of a site of our own, whose worker knows slow_tasks."""
    folder = tmp_path_factory.mktemp("site")
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "partyline.settings",
        "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{folder}/site.sqlite3",
        "REDIS_URL": "",
        "WORKER_CONCURRENCY": "6",
        "WORKER_HEARTBEAT_FILE": f"{folder}/heartbeat",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture(scope="module")
def site(own, tmp_path_factory):
    log = tmp_path_factory.mktemp("log") / "log"
    found = Site(f"http://127.0.0.1:{free_ports(1)[0]}", "one process", log)
    command = [sys.executable, ROOT / "manage.py", "run", "--noreload", found.netloc]
    process = subprocess.Popen(command, env=own, cwd=ROOT, stdout=log.open("w"), stderr=subprocess.STDOUT)
    until(lambda: found.alive() or process.poll() is not None, "`manage.py run` answers")
    assert process.poll() is None, log.read_text()
    yield found
    end(process)


@pytest.fixture(scope="module")
def shell(own, site):
    """Return a function that runs Python on the site's database, and returns what it printed last."""

    def run(code):
        command = [sys.executable, ROOT / "manage.py", "shell", "--no-imports", "-c", code]
        done = subprocess.run(command, env=own, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().rpartition("\n")[2]

    return run


@pytest.fixture
def enqueue(shell):
    """Return a function that starts a job of slow_tasks for a person, and returns the path of its page."""

    def start(task, *args, person=None, **using):
        whose = f"Person.objects.get(username={person.name!r})" if person else "None"
        job = shell(
            "from partyline.people.models import Person; from tests.browser import slow_tasks; "
            f"print(slow_tasks.{task}.using(person={whose}, **{using!r}).enqueue(*{args!r}).id)"
        )
        return f"/jobs/{job}/"

    return start


@pytest.fixture(scope="module")
def bob(site, shell):
    """An operator."""
    bob = Visitor.member(site, "Bob")
    who = f"Person.objects.filter(username={bob.name!r})"
    shell(f"from partyline.people.models import Person; {who}.update(is_staff=True)")
    return bob


def watch(context, path):
    page = context.new_page()
    page.goto(path)
    live(page)
    return page


def is_now(page, state, words=""):
    """Wait until the job's page says so."""
    expect(page.locator("#job-now .state")).to_have_text(state)
    expect(page.locator("#job-now")).to_contain_text(words)


def button(page, name):
    return page.locator("#job-now").get_by_role("button", name=name)


def let(folder, *steps):
    for step in steps:
        Path(folder, str(step)).touch()


def test_alice_watches_cancels_and_tries_again(somebody, alice, enqueue, tmp_path):
    path = enqueue("steps", str(tmp_path), person=alice)
    page = watch(somebody(alice), path)
    beside = watch(page.context, "/jobs/")
    lines = page.get_by_role("log").locator("li")

    # It goes on before her eyes.
    is_now(page, "Running", "0 of 10 steps")
    expect(lines).to_have_count(1)
    let(tmp_path, 1, 2, 3)
    is_now(page, "Running", "30 % 3 of 10 steps")
    expect(lines.locator(".text")).to_have_text([f"step {number} begins" for number in (1, 2, 3, 4)])
    expect(page.locator("#job-now progress")).to_have_attribute("value", "30")
    expect(beside.locator(".job", has_text="Ten steps")).to_contain_text("3 of 10 steps")

    # She cancels it: it learns that at its next report, and her pages without a reload.
    button(page, "Cancel").click()
    expect(page.locator(".notice")).to_contain_text("Ten steps: It is told to stop.")
    is_now(page, "Cancelled", "It was cancelled.")
    expect(button(page, "Cancel")).to_have_count(0)
    expect(beside.locator(".job", has_text="Ten steps")).to_contain_text("Cancelled")

    # She tries it again, and it comes to its end.
    button(page, "Try again").click()
    expect(page.locator(".notice")).to_contain_text("It will be tried again.")
    is_now(page, "Running")
    let(tmp_path, *range(4, 11))
    is_now(page, "Done", "It has finished.")
    expect(page.locator("#job-now button")).to_have_count(0)
    expect(lines.locator(".text").last).to_have_text("step 10 begins")
    expect(lines).to_have_count(14)  # those of both attempts, each once
    expect(beside.locator(".job", has_text="Ten steps")).to_have_attribute("data-status", "done")


def test_too_late(somebody, alice, enqueue, tmp_path):
    path = enqueue("steps", str(tmp_path), person=alice)
    page = somebody(alice, java_script_enabled=False).new_page()
    page.goto(path)
    seen = watch(somebody(alice), path)
    let(tmp_path, *range(1, 11))
    is_now(seen, "Done")
    button(page, "Cancel").click()
    expect(page.locator(".notice")).to_contain_text("It had already finished.")
    is_now(page, "Done")


def test_a_traceback_is_for_operators(somebody, alice, bob, enqueue):
    path = enqueue("fail", person=alice, max_attempts=2)
    hers, his = watch(somebody(alice), path), watch(somebody(bob), path)
    for page in (hers, his):
        is_now(page, "Failed", "It failed 2 times")
    expect(his.locator("#job-errors details")).to_have_count(2)
    expect(his.locator("#job-errors pre").first).to_contain_text('raise ValueError("the secret reason")')
    assert not re.search("secret|Traceback|ValueError", hers.content())
    hers.reload()
    is_now(hers, "Failed")
    assert not re.search("secret|Traceback|ValueError", hers.content())
    his.goto("/jobs/all/?state=failed")
    row = his.locator("tr", has_text=alice.name)
    expect(row).to_contain_text("ValueError: the secret reason")
    row.get_by_role("button", name="Try again: A failing one").click()
    expect(his.locator(".notice")).to_contain_text("A failing one: It will be tried again.")
    expect(his.get_by_role("heading", name="Failed jobs")).to_be_visible()


def test_nobodys_job_is_live_for_operators(somebody, bob, enqueue, tmp_path):
    """And so is the queue."""
    queue = watch(somebody(bob), "/jobs/all/")
    running = queue.locator("#jobs-summary div", has=queue.get_by_text("running", exact=True)).locator("dd")
    expect(running).to_have_text("0")
    path = enqueue("steps", str(tmp_path))
    page = watch(queue.context, path)
    is_now(page, "Running", "0 of 10 steps")
    expect(running).to_have_text("1")
    let(tmp_path, 1, 2)
    is_now(page, "Running", "2 of 10 steps")
    queue.reload()
    queue.get_by_role("button", name="Cancel: Ten steps").click()
    expect(queue.locator(".notice")).to_contain_text("It is told to stop.")
    is_now(page, "Cancelled")
    expect(running).to_have_text("0")


def test_without_javascript(somebody, alice, enqueue, tmp_path):
    path = enqueue("steps", str(tmp_path), person=alice)
    seen = watch(somebody(alice), path)
    is_now(seen, "Running")
    page = somebody(alice, java_script_enabled=False).new_page()
    page.goto(path)
    is_now(page, "Running")
    expect(page.get_by_role("log").locator("li")).to_have_count(1)
    button(page, "Cancel").click()
    expect(page.locator(".notice")).to_contain_text("It is told to stop.")
    is_now(seen, "Cancelled")
    page.reload()
    is_now(page, "Cancelled")
    button(page, "Try again").click()
    expect(page.locator(".notice")).to_contain_text("It will be tried again.")
    let(tmp_path, *range(1, 11))
    is_now(seen, "Done")


def test_a_transcript_as_json(somebody, alice, tmp_path):
    page = watch(somebody(alice), alice.make_room(new_name("Room")))
    say(page, "to be kept")
    page.get_by_role("button", name="as JSON").click()
    job = page.locator("#jobs .job", has_text="(JSON)")
    with page.expect_download() as download:
        job.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "room.json")
    assert '"text": "to be kept"' in (tmp_path / "room.json").read_text()
    job.get_by_role("link", name="Transcript of").click()
    is_now(page, "Done", "1 message")
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_a_file_is_offered_to_nobody_else(somebody, alice, bob, site):
    alice.post(f"{alice.make_room()}transcript/")
    path = re.findall(r'href="(/jobs/[0-9a-f-]{36}/)"', alice.get("/jobs/").text)[0]
    hers, his = watch(somebody(alice), path), watch(somebody(bob), path)
    for page, is_offered in ((hers, True), (his, False)):
        is_now(page, "Done")
        expect(page.locator("#job-now .download")).to_be_visible(visible=is_offered)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_small_phone_needs_no_sideways_scrolling(somebody, bob, enqueue, scheme):
    path = enqueue("fail", person=bob, max_attempts=1, label="a-word-without-an-end" * 9)
    page = watch(somebody(bob, color_scheme=scheme, **PHONE), path)
    is_now(page, "Failed")
    expect(page.locator("#job-errors pre")).to_be_visible()
    wide, room = "document.documentElement.scrollWidth", "window.innerWidth"
    assert page.evaluate(wide) <= page.evaluate(room)
    for other in ("/jobs/", "/jobs/all/", "/jobs/all/?state=failed"):
        page.goto(other)
        assert page.evaluate(wide) <= page.evaluate(room), other
