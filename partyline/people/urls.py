"""Paths of people."""

from django.urls import path

from . import links, me, views

app_name = "people"
urlpatterns = [
    path("sign-up/", views.sign_up, name="sign-up"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("guest/", views.guest, name="guest"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("me/", me.me, name="me"),
    path("me/address/", me.address, name="address"),
    path("me/digest/", me.digest, name="digest"),
    path("follow/", me.follow, name="follow"),
    path("confirm/<str:token>/", links.confirm, name="confirm"),
    path("unsubscribe/<str:token>/", links.unsubscribe, name="unsubscribe"),
]
