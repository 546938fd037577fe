"""Publish as a product does: in a transaction, to the real log. python -m bench.fanout.publish_ours <keys>"""

import sys

import django
from django.db import transaction

from .publishing import serve


def main(keys):
    from partyline.live import log, notices

    serve(lambda room, text: log.publish(keys[room], text), together=transaction.atomic)
    notices.flush()


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1].split(","))
