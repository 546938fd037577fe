"""Paths of commentaries."""

from django.urls import path

from . import feed_pages, views

app_name = "commentary"
urlpatterns = [
    path("", views.list_events, name="list"),
    path("<int:pk>/", views.show_event, name="event"),
    path("<int:pk>/fragment/", views.fragment, name="fragment"),
    path("<int:pk>/note/", views.note, name="note"),
    path("<int:pk>/feeds/", feed_pages.feeds, name="feeds"),
]
