"""{% stream key position fragment_url %}: what a page says of a stream that it shows."""

from django import template
from django.utils.html import format_html

register = template.Library()


@register.simple_tag
def stream(key, position, fragment=""):
    """Return the attributes of a stream's element; `position` was read before the rows."""
    return format_html(
        'data-stream="{}" data-epoch="{}" data-head="{}" data-fragment="{}"',
        key,
        position.epoch,
        position.seq,
        fragment,
    )
