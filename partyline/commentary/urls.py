"""Paths of commentaries."""

from django.urls import path

from . import feed, feed_pages, note_views, settings_views, views

app_name = "commentary"
urlpatterns = [
    path("", views.list_events, name="list"),
    path("<int:pk>/", views.show_event, name="event"),
    path("<int:pk>/fragment/", views.fragment, name="fragment"),
    path("<int:pk>/feed/", feed.feed, name="feed"),
    path("<int:pk>/note/", note_views.note, name="note"),
    path("<int:pk>/notes/<int:note_pk>/", views.permalink, name="permalink"),
    *(
        path(f"<int:pk>/notes/<int:note_pk>/{deed}/", note_views.change, {"deed": deed}, name=deed)
        for deed in note_views.DEEDS
    ),
    path("<int:pk>/feeds/", feed_pages.feeds, name="feeds"),
    path("<int:pk>/settings/", settings_views.settings, name="settings"),
    path("<int:pk>/commentators/", settings_views.commentators, name="commentators"),
    path("<int:pk>/end/", settings_views.end, name="end"),
]
