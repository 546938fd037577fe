"""The two dashboards: everybody's, and the operators'."""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partyline.jobs.pages import is_operator
from partyline.live.log import position

from . import public
from . import stack as the_stack


@require_safe
def page(request):
    """Show the public numbers; from here on they are live."""
    at = position(public.KEY)
    context = {"position": at, "key": public.KEY, "period": public.PERIOD}
    return render(request, "dashboard/page.html", context | public.numbers())


@require_safe
@login_required
def stack(request):
    """Show operators every process of the stack."""
    if not is_operator(request.user):
        raise Http404
    at = position(the_stack.KEY)
    context = {"position": at, "key": the_stack.KEY, "period": public.PERIOD}
    return render(request, "dashboard/stack.html", context | the_stack.picture())
