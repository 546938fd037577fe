"""The dashboard's page."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from partyline.live import kinds
from partyline.live.log import position


@require_safe
def page(request):
    """Show the numbers; from here on they are live."""
    at = position("site:dashboard")
    return render(request, "dashboard/page.html", {"position": at, "numbers": kinds.numbers()})
