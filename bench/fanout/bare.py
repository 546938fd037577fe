"""Our views without our middleware, but for what they need themselves: the session and its person."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.fanout.bare_settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
