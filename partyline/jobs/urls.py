"""A person's own jobs, and everybody's for operators."""

from django.urls import path

from . import views

app_name = "jobs"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("all/", views.everybodys, name="all"),
    path("<uuid:pk>/", views.show_job, name="job"),
    path("<uuid:pk>/file/", views.file, name="file"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
]
