"""`make bench-jobs`: our jobs beside procrastinate and Celery on Redis, measured in one run on one machine.

`__main__` is the run, `systems` what is compared, in the virtual environment and on the stores of
bench.lab. The modules that run there: `work` is what every task does, `partyline_tasks`,
`procrastinate_tasks` and `celery_tasks` are the same tasks three times; `measure` enqueues them, and
`claims` measures our claim alone.
`statements` counts, `report` writes bench/results/.
"""
