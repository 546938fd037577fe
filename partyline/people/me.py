"""One's own page: where one is written to, and what one follows."""

from functools import wraps

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from partyline.live import kinds, limits

from .models import Follow, Mailbox
from .tasks import send_confirmation
from .views import next_page

ENOUGH = "Enough mails were sent today to confirm addresses: try again tomorrow."


class AddressForm(forms.Form):
    """Where one is written to."""

    widget = forms.EmailInput({"autocomplete": "email"})
    address = forms.EmailField(label="Email address", max_length=254, widget=widget)


class DigestForm(forms.Form):
    """Whether one is."""

    wants_digest = forms.BooleanField(label="A daily mail with what is new", required=False)


class FollowForm(forms.Form):
    """A stream, and whether to follow it."""

    key = forms.CharField(max_length=80)
    on = forms.ChoiceField(choices=[("1", "yes"), ("0", "no")])


def for_accounts(view):
    """Let in by POST whom the site may write to; a GET leads to the page that has the forms."""

    @login_required
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request):
        if request.method != "POST":
            return redirect("people:me")
        if not request.user.may_have_mail:
            raise PermissionDenied
        return view(request)

    return guarded


@login_required
@require_safe
def me(request):
    """Show it."""
    return _page(request)


def _page(request, status=200, address_form=None):
    person = request.user
    context = {"may_have_mail": person.may_have_mail}
    if person.may_have_mail:
        mailbox = Mailbox.objects.filter(person=person).first() or Mailbox(person=person)
        context |= {
            "mailbox": mailbox,
            "address_form": address_form
            or AddressForm(initial={"address": mailbox.asked or mailbox.address}),
            "digest_form": DigestForm(initial={"wants_digest": mailbox.wants_digest}),
            "follows": person.follows.order_by("title", "pk"),
        }
    return render(request, "people/me.html", context, status=status)


@for_accounts
def address(request):
    """Ask for a confirmation of an address; or, with the other button, forget the one there is."""
    mailbox = Mailbox.of(request.user)
    if "forget" in request.POST:
        mailbox.forget()
        messages.success(request, "Your address is forgotten.")
        return redirect("people:me")
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, form)
    if limits.too_fast(request, form):
        return _page(request, 429, form)
    address = form.cleaned_data["address"]
    if address == mailbox.address:
        mailbox.change(asked="")
        messages.success(request, "This address is confirmed already.")
    elif not mailbox.ask(address):
        form.add_error("address", ENOUGH)
        return _page(request, 429, form)
    else:
        send_confirmation.enqueue(mailbox.pk)
        messages.success(request, f"A mail is on its way to {address}. Open the link in it within two days.")
    return redirect("people:me")


@for_accounts
def digest(request):
    """Turn the daily mail on or off."""
    form = DigestForm(request.POST)
    if form.is_valid():
        Mailbox.of(request.user).want_digest(form.cleaned_data["wants_digest"])
        messages.success(request, "Saved.")
    return redirect("people:me")


@for_accounts
def follow(request):
    """Follow a stream that one may see, or no longer; then back to where the button was."""
    form = FollowForm(request.POST)
    if not form.is_valid():
        raise Http404
    key, mine = form.cleaned_data["key"], request.user.follows
    if form.cleaned_data["on"] == "0":
        mine.filter(key=key).delete()
        return redirect(next_page(request, "people:me"))
    kind, id = kinds.find(key)
    about = kind.about(id) if kind and kind.news and kind.may_see(request.user, id) else None
    if about is None:
        raise Http404
    if mine.count() >= Follow.MOST:
        messages.error(request, f"You follow {Follow.MOST} already, which is the most.")
        return redirect("people:me")
    mine.update_or_create(key=key, defaults={"title": about.title, "url": about.url})
    if not Mailbox.objects.filter(person=request.user, wants_digest=True).exclude(address="").exists():
        messages.success(request, "You follow it. To get what is new by mail, say where to below.")
        return redirect("people:me")
    return redirect(next_page(request, "people:me"))
