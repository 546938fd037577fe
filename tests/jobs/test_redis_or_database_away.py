"""Redis away, the database away: the worker lives, and goes on when it can."""

import shutil
import subprocess
import time

import job_tasks
import psycopg
import pytest
from django.db import connection
from job_tools import until

from partyline.jobs.models import Job
from partyline.jobs.worker import Worker

pytestmark = pytest.mark.django_db(transaction=True)
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
ENQUEUE = "import job_tasks; job_tasks.count.enqueue(1)"


def all_done(number):
    return until(lambda: Job.objects.filter(status="done").count() == number)


def test_without_redis_jobs_are_found_by_looking(worker):
    worker(REDIS_URL="redis://127.0.0.1:1")
    job_tasks.count.enqueue(1)
    all_done(1)


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
def test_with_redis_a_wake_up_starts_a_job_sooner_than_looking(tmp_path, worker, manage):
    def redis():
        arguments = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"]
        process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
        until(
            lambda: subprocess.run(["redis-cli", "-s", path, "ping"], capture_output=True).stdout == b"PONG\n"
        )
        return process

    def waits():
        for _ in range(3):
            assert manage("shell", "-c", ENQUEUE, REDIS_URL=url).wait(30) == 0
        done = Job.objects.count()
        all_done(done)
        return [(job.started - job.created).total_seconds() for job in Job.objects.order_by("-created")[:3]]

    path = str(tmp_path / "redis.sock")
    url, server = f"unix://{path}", redis()
    try:
        process = worker(REDIS_URL=url)
        until(lambda: b"live" in channels(path) or b"wake" in channels(path))
        assert max(waits()) < 1
        server.kill()
        server.wait()
        job_tasks.count.enqueue(1)
        all_done(4)
        server = redis()
        until(lambda: b"wake" in channels(path))
        assert max(waits()) < 1
        assert process.poll() is None
    finally:
        server.kill()
        server.wait()


def channels(path):
    return subprocess.run(["redis-cli", "-s", path, "pubsub", "channels"], capture_output=True).stdout


def test_a_worker_that_is_there_before_the_tables_waits_for_them(tmp_path, worker, manage):
    if connection.vendor != "sqlite":
        pytest.skip("one database is enough, and a file is the simplest")
    url = f"sqlite:///{tmp_path}/new.sqlite3"
    process = worker(DATABASE_URL=url)
    until(lambda: "does not answer" in process.log.read_text())
    assert manage("migrate", DATABASE_URL=url).wait(60) == 0
    assert manage("shell", "-c", ENQUEUE, DATABASE_URL=url).wait(30) == 0
    until(lambda: "is done" in process.log.read_text())


def test_a_database_that_went_away_and_came_back(tmp_path, worker):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is a file: it does not go away")
    job_tasks.wait.enqueue(str(tmp_path))
    process = worker("--lease", 60)
    until(lambda: (tmp_path / "started").exists())
    name = connection.settings_dict["NAME"]
    ours = connection.connection.info.backend_pid
    with psycopg.connect(
        **connection.get_connection_params() | {"dbname": "postgres"}, autocommit=True
    ) as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            other.execute(CUT_OFF, [name, ours])
            until(lambda: "does not answer" in process.log.read_text())
            process.heartbeat.unlink()
            until(process.heartbeat.exists, 6)
        finally:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    (tmp_path / "go").touch()
    all_done(1)
    assert process.poll() is None


def test_it_is_alive_while_the_loop_turns(monkeypatch):
    worker = Worker(1)
    assert worker.is_alive()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 21)
    assert not worker.is_alive()
    worker._beat()
    assert worker.is_alive()


def test_the_heartbeat_file_is_fresh_while_the_loop_lives(worker):
    process = worker()
    until(process.heartbeat.exists)
    process.heartbeat.unlink()
    until(process.heartbeat.exists, 6)
    process.kill()
    process.wait()
    before = process.heartbeat.stat().st_mtime
    time.sleep(3)  # longer than one turn of the loop
    assert process.heartbeat.stat().st_mtime == before
