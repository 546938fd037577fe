"""Sign up, sign in, come as a guest, sign out."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.views import LoginView, LogoutView
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from .forms import GuestForm, SignInForm, SignUpForm
from .models import TAKEN


def next_page(request, otherwise=settings.LOGIN_REDIRECT_URL):
    """Return where the person wanted to go, if it is a page of ours."""
    page = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return page
    return resolve_url(otherwise)


def come_in(request, form_class, template):
    """Show the form, or make the person that it describes and sign them in."""
    form = form_class(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                person = form.save()
        except IntegrityError:  # two people, one name, at the same moment
            form.add_error("username", TAKEN)
        else:
            login(request, person, backend="django.contrib.auth.backends.ModelBackend")
            return redirect(next_page(request))
    status = 422 if form.errors else 200
    return render(request, template, {"form": form, "next": next_page(request)}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request):
    """Make an account."""
    return come_in(request, SignUpForm, "people/sign_up.html")


@require_http_methods(["GET", "HEAD", "POST"])
def guest(request):
    """Come in with a name alone, where the operator allows it."""
    if not settings.ALLOW_GUESTS:
        raise Http404
    return come_in(request, GuestForm, "people/guest.html")


class SignIn(LoginView):
    """Django's own view with our form."""

    template_name = "people/sign_in.html"
    authentication_form = SignInForm

    def get_context_data(self, **kwargs):
        return super().get_context_data(next=next_page(self.request), **kwargs)

    def form_invalid(self, form):
        return self.render_to_response(self.get_context_data(form=form), status=422)


class SignOut(LogoutView):
    """Sign out by POST alone; a GET, the reload of what a POST had met, only leads home."""

    http_method_names = ["get", "head", "post", "options"]

    def get(self, request):
        return redirect("rooms:list")
