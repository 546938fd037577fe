"""Floor 2: work outside requests, which survives its worker and shows how far it is.

A task is a function at a module's top level, usually in a product's tasks.py:

    from django_tasks import task

    @task(takes_context=True, label="Transcript")
    def transcript(context, room_id):
        job = context.job
        for done, message in enumerate(messages, 1):
            ...
            job.report(done, total, f"{done} of {total} messages")   # as often as it likes
        job.attach("transcript.html", content)                       # str, bytes or a File
        return {"messages": total}                                   # JSON, kept as the result

and a verb of a model, inside its transaction or not, starts it:

    transcript.using(person=person, label=f"Transcript of {self.name}").enqueue(self.pk)

`person` is whose page shows it and who may fetch its file, `label` what it is called there. Arguments
are JSON: ids, not objects. The row is written in the caller's transaction: after a ROLLBACK there is no job.

Promised is "at least once": a job whose worker was killed runs again from its start, so a task must
bear that. A task that raises is tried again, later and later, `max_attempts` times in all (a keyword
of @task and of .using(), 5 by default), and is then failed, with its traceback kept.
"""
