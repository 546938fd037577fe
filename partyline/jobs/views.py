"""What one sees of jobs, and does with them: one's own, and nobody else's; operators, everybody's."""

from pathlib import PurePosixPath

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from partyline.live.log import position

from . import operators, pages
from .models import Job, Schedule

# A GET of what only a POST does leads to the job: whoever met the page of a restart reloads by GET.
POSTED = ["GET", "HEAD", "POST"]
OVER = {
    Job.Status.DONE: "It had already finished.",
    Job.Status.FAILED: "It had already failed.",
    Job.Status.CANCELLED: "It had already been cancelled.",
    Job.Status.READY: "It is waiting for its turn already.",
    Job.Status.RUNNING: "It is running already.",
}


def visible_job(request, pk):
    """Return the job, or 404 where the person may not even know of it."""
    return get_object_or_404(pages.visible_to(request.user).select_related("person"), pk=pk)


@require_safe
@login_required
def mine(request):
    """Show the person's newest jobs, live."""
    at = position(f"me:{request.user.pk}")
    return render(request, "jobs/mine.html", {"jobs": pages.jobs_of(request.user), "jobs_position": at})


@require_safe
@login_required
def show_job(request, pk):
    """Show one job, live; operators see its tracebacks, too."""
    job = visible_job(request, pk)
    pages.redraw_jobs([pk])  # what was shown last may be of yesterday, and the page's socket would bring it
    context = pages.facts(job) | {"lines": pages.lines_of(job), "position": position(f"job:{pk}")}
    if pages.is_operator(request.user):
        context |= operators.failures(job) | {"errors_position": position(f"errors:{pk}")}
    return render(request, "jobs/job.html", context | {"is_own": job.person_id == request.user.pk})


@require_safe
@login_required
def file(request, pk):
    """Send the file of one's own finished job, always as a download; 404 for everybody else's.

    An operator gets the files of nobody's jobs alone: others may hold what a private room said.
    """
    job = get_object_or_404(Job.objects.exclude(file=""), pk=pk, status=Job.Status.DONE)
    if not pages.may_fetch(request.user, job):
        raise Http404
    try:
        content = default_storage.open(job.file)
    except FileNotFoundError:
        raise Http404("The file is gone.") from None
    response = FileResponse(content, as_attachment=True, filename=PurePosixPath(job.file).name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_http_methods(POSTED)
def cancel(request, pk):
    """Cancel a job, or say that it was too late for that."""
    return _do(request, visible_job(request, pk), Job.cancel, _cancelled)


@login_required
@require_http_methods(POSTED)
def retry(request, pk):
    """Try a failed or cancelled job again, or say why not."""
    return _do(request, visible_job(request, pk), Job.retry, lambda job: "It will be tried again.")


@require_safe
@login_required
def everybodys(request):
    """Show operators the queue, live, and everybody's jobs by state."""
    if not pages.is_operator(request.user):
        raise Http404
    state, before = request.GET.get("state", ""), request.GET.get("before", "")
    is_known = state in ["", *Job.Status]
    jobs, older = operators.listed(state if is_known else "", before)
    context = {
        "position": position("jobs:all"),
        **operators.summary(),
        "state": state,
        "is_known": is_known,
        "states": Job.Status.choices,
        "jobs": jobs,
        "before": before,
        "older": older,
        "schedules": Schedule.objects.order_by("due", "name"),
        "now": timezone.now(),
    }
    return render(request, "jobs/all.html", context)


def _cancelled(job):
    return "It is cancelled." if job.is_cancelled else "It is told to stop."


def _do(request, job, verb, words):
    """Do it, and lead to the page that asked for it, with what has come of it in words."""
    if request.method != "POST":
        return redirect("jobs:job", job.pk)
    if verb(job):
        messages.success(request, f"{job.label}: {words(job)}")
    else:
        job.refresh_from_db(fields=["status"])
        messages.warning(request, f"{job.label}: {OVER[job.status]}")
    page = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page) if is_ours else redirect("jobs:job", job.pk)
