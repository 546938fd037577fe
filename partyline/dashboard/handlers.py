"""The dashboard's stream `site:dashboard`: nothing can be done on it, its numbers are state."""

from django.template.loader import render_to_string

from partyline.live import kinds


def may_see(person, id):
    """Everybody may see the public numbers."""
    return id == "dashboard"


def draw_numbers(id):
    """Return the numbers as they are now."""
    return render_to_string("dashboard/_numbers.html", {"numbers": kinds.numbers()})


KIND = kinds.Kind("site", may_see=may_see, clock={"numbers": draw_numbers})
