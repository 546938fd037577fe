"""A person's own jobs."""

from django.urls import path

from . import views

app_name = "jobs"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("<uuid:pk>/file/", views.file, name="file"),
]
