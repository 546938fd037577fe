"""`make bench-jobs`: our jobs beside procrastinate and Celery on Redis, measured in one run on one machine.

`__main__` is the run. `stores` are its Postgres and Redis, `systems` what is compared, `venv` where that is
installed. The modules that run there: `work` is what every task does, `partyline_tasks`,
`procrastinate_tasks` and `celery_tasks` are the same tasks three times; `measure` enqueues them, and `claims`
measures our claim alone. `statements` counts, `report`, `plot` and `machine` write bench/results/.
"""
