"""Hand the lines to limit.c. python -m bench.fanout.publish_tcp <port>"""

import socket
import sys

from .publishing import serve

if __name__ == "__main__":
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        serve(lambda room, text: connection.sendall(f"{room} {text}\n".encode()))
