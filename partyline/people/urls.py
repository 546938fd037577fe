"""Paths of people."""

from django.urls import path

from . import views

app_name = "people"
urlpatterns = [
    path("sign-up/", views.sign_up, name="sign-up"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("guest/", views.guest, name="guest"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
]
