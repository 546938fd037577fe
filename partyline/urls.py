"""Which product answers which path."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("partyline.rooms.urls")),
    path("people/", include("partyline.people.urls")),
    path("events/", include("partyline.commentary.urls")),
    path("dashboard/", include("partyline.dashboard.urls")),
    path("jobs/", include("partyline.jobs.urls")),
    path("admin/", admin.site.urls),
]
