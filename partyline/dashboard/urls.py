"""Paths of the dashboards."""

from django.urls import path

from . import views

app_name = "dashboard"
urlpatterns = [path("", views.page, name="page"), path("stack/", views.stack, name="stack")]
