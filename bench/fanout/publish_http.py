"""Publish by HTTP, to nchan. python -m bench.fanout.publish_http <port>"""

import http.client
import sys

from .publishing import serve

if __name__ == "__main__":
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))

    def publish(room, text):
        connection.request("POST", f"/pub/{room}", text)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise SystemExit(f"nchan answered {answer.status}")

    serve(publish)
