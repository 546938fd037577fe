"""The WSGI application that uWSGI or gunicorn serves (services/web)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
application = get_wsgi_application()
