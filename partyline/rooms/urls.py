"""Paths of rooms; the list is the front page."""

from django.urls import path

from . import views

app_name = "rooms"
urlpatterns = [
    path("", views.list_rooms, name="list"),
    path("rooms/new/", views.new_room, name="new"),
    path("rooms/beside/<str:key>/", views.beside, name="beside"),
    path("rooms/<int:pk>/", views.show_room, name="room"),
    path("rooms/<int:pk>/fragment/", views.fragment, name="fragment"),
    path("rooms/<int:pk>/say/", views.say, name="say"),
    path("rooms/<int:pk>/invite/", views.invite, name="invite"),
    path("rooms/<int:pk>/remove/", views.remove, name="remove"),
    path("rooms/<int:pk>/transcript/", views.transcript, name="transcript"),
]
