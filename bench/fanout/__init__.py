"""`make bench`: what it costs to tell a room something, beside what others build rooms with, in one run.

`__main__` is the run. On the `ground` (stores, our site's database, compiled C) each system of `systems` is
started freshly for one `turn`, on a core of its own (`cores`, `programs`), with load.c on it; `figures` is
what is measured there, `pages` the same for HTTP. `report`, `tables`, `targets` and `pictures` write
bench/results/. What runs in the bench's virtual environment: `tutorial` is the chat of Channels' tutorial,
`ours` fills our site, `bare` and `empty` serve pages without it, and `publish_*` say what load.c tells them
to. npm/ is Socket.IO, limit.c what it costs at least.
"""
