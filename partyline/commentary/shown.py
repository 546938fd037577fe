"""The state of an event that its pages show: what is pinned and what was key, how many react."""

from partyline.live import kinds, state


def anew(key, name):
    """Show a state as it is now, where somebody looks.

    Another process may have changed it between our look and our showing: who shows last has looked last.
    """
    if not state.is_kept(key):
        return
    kind, id = kinds.find(key)
    html, before = kind.states[name](id), None
    while html != before:
        state.show(key, name, html)
        html, before = kind.states[name](id), html
