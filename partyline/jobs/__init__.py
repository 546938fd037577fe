"""Floor 2: work outside requests, which survives its worker and shows how far it is (docs/jobs.md).

`backend` is the API, `models` the row and what anybody may do with it, `held` what only its holder may.
`worker` is the process, made of `claims`, `pool` (its threads), `running` (one attempt) and `keeper` (leases,
time-outs). `periodic` gives what is due, `tasks` is the housekeeping. `drawing` says when people's pages are
brought up to date, `pages` and `operators` what they show.
"""
