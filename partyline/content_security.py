"""The Content-Security-Policy of every answer."""

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings


class ContentSecurityMiddleware:
    """Say CONTENT_SECURITY_POLICY, spelt once: django-csp's own middleware spells it anew for every answer,
    which was most of what our middleware cost a page.
    """

    def __init__(self, get_response):
        self.get_response, self.policy = get_response, build_policy()

    def __call__(self, request):
        response = self.get_response(request)
        if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's own pages, styled inline
            response.headers.setdefault(HEADER, self.policy)
        return response
