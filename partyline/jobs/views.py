"""What one sees of jobs: one's own, and nobody else's."""

from pathlib import PurePosixPath

from django.contrib.auth.decorators import login_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from partyline.live.log import position

from .models import Job
from .pages import jobs_of


@require_safe
@login_required
def mine(request):
    """Show the person's newest jobs, live."""
    at = position(f"me:{request.user.pk}")
    return render(request, "jobs/mine.html", {"jobs": jobs_of(request.user), "jobs_position": at})


@require_safe
@login_required
def file(request, pk):
    """Send the file of one's own finished job, always as a download; 404 for everybody else's."""
    job = get_object_or_404(Job.objects.exclude(file=""), pk=pk, person=request.user, status=Job.Status.DONE)
    try:
        content = default_storage.open(job.file)
    except FileNotFoundError:
        raise Http404("The file is gone.") from None
    response = FileResponse(content, as_attachment=True, filename=PurePosixPath(job.file).name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
