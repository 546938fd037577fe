"""{% follow key %}: the button by which a page's stream is followed, where the site sends mail."""

from django import template

from partyline.people.models import Follow

register = template.Library()


@register.inclusion_tag("people/_follow.html", takes_context=True)
def follow(context, key):
    """Draw the button; nothing, for who could get no mail."""
    request = context["request"]
    offered = request.user.is_authenticated and request.user.may_have_mail
    follows = offered and Follow.objects.filter(person=request.user, key=key).exists()
    token = context.get("csrf_token")
    return {"key": key, "offered": offered, "follows": follows, "next": request.path, "csrf_token": token}
