"""An idempotency key: a second enqueue of a task with the same key is the first job, on races too."""

import threading

import job_tasks
import pytest
from django.db import connection, transaction

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def enqueue(key="invoice-7", task=job_tasks.count):
    return task.using(key=key).enqueue(1)


def test_it_works(work):
    first = enqueue()
    assert enqueue().id == first.id
    work()
    assert enqueue().id == first.id
    assert Job.objects.get().is_done


def test_another_key_another_task_or_none_is_another_job():
    ids = {enqueue().id, enqueue("invoice-8").id, enqueue(task=job_tasks.stumble).id}
    ids |= {job_tasks.count.enqueue(1).id, job_tasks.count.enqueue(1).id}
    assert len(ids) == Job.objects.count() == 5


def test_when_the_row_is_gone_the_key_is_free():
    first = enqueue()
    Job.objects.all().delete()
    assert enqueue().id != first.id


def test_the_callers_transaction_outlives_it(alice):
    first = enqueue()
    with transaction.atomic():
        alice.first_name = "Alice"
        alice.save()
        assert enqueue().id == first.id
        alice.last_name = "Liddell"
        alice.save()
    alice.refresh_from_db()
    assert alice.get_full_name() == "Alice Liddell"


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_two_transactions_at_once(end):
    def other():
        try:
            with transaction.atomic():
                found.append(enqueue().id)
                written.set()
                assert go_on.wait(10)
                if end == "rollback":
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        finally:
            connection.close()

    written, go_on, found = threading.Event(), threading.Event(), []
    thread = threading.Thread(target=other)
    thread.start()
    assert written.wait(10)
    threading.Timer(0.3, go_on.set).start()  # while this one waits for the other's end
    mine = enqueue()
    thread.join()
    assert (mine.id == found[0]) == (end == "commit")
    assert str(Job.objects.get().pk) == mine.id


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ValueError, match="A key of job_tasks.count has 1 to 200 characters"):
        enqueue(key)
