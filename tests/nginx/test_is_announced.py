"""nginx is announced by who looks at it: each address of its name, a port or a socket, while it answers."""

import socket
import threading

import pytest

from partyline.live import nginx, processes
from tests.site import free_ports, until


def announced():
    return {each.name: each for each in processes.processes("nginx")}


@pytest.fixture(params=["port", "socket"])
def place(request, tmp_path):
    return f"127.0.0.1:{free_ports(1)[0]}" if request.param == "port" else f"unix:{tmp_path}/nginx.sock"


def test_it_works(front, place):
    front(METRICS_BIND=place)
    nginx.look(place)
    (found,) = announced().values()
    assert found.name == place and found.takes
    assert found.numbers["active"] >= 1 and set(found.numbers) == {*nginx.STATES, "history"}


def test_its_connections_are_a_history(front, place):
    front(METRICS_BIND=place)
    for _ in range(3):
        nginx.look(place)
    assert len(announced()[place].history["active"]) == 3


def test_the_history_is_not_as_short_as_the_worker_that_came_last_is_young(front, place):
    front(METRICS_BIND=place)
    numbers = dict.fromkeys(nginx.STATES, 1) | {"history": {"active": list(range(processes.SAMPLES))}}
    processes.tell(processes.Process("nginx", place, 0, True, numbers))  # as another worker has
    nginx.look(place)
    line = announced()[place].history["active"]
    assert line[:-1] == list(range(1, processes.SAMPLES)) and line[-1] >= 1


def test_of_all_workers_one_looks(front, monkeypatch):
    front(METRICS_BIND=(place := f"127.0.0.1:{free_ports(1)[0]}"))
    monkeypatch.setattr(processes, "EVERY", 0.01)
    monkeypatch.setattr(nginx, "TURN_SECONDS", 1000)
    asked, ask = [], nginx.ask
    monkeypatch.setattr(nginx, "ask", lambda address: asked.append(address) or ask(address))
    turns, turn = [], type(nginx.store()).turn
    monkeypatch.setattr(
        type(nginx.store()), "turn", lambda self, *args: turns.append(args) or turn(self, *args)
    )
    for _ in range(3):
        nginx.announce(place)
    until(lambda: len(turns) > 20 and announced(), "they have looked whether it is their turn")
    assert asked == [place]


def test_each_address_of_a_name_is_one(front, monkeypatch):
    (port,) = free_ports(1)
    front(METRICS_BIND=f"127.0.0.1:{port}")
    find = socket.getaddrinfo

    def look_up(host, *args, **options):
        hosts = ("127.0.0.2", "127.0.0.1") if host == "nginx" else [host]
        return [answer for host in hosts for answer in find(host, *args, **options)]

    monkeypatch.setattr(nginx.socket, "getaddrinfo", look_up)
    assert nginx.addresses(f"nginx:{port}") == [f"127.0.0.1:{port}", f"127.0.0.2:{port}"]
    nginx.look(f"nginx:{port}")
    assert set(announced()) == {f"127.0.0.1:{port}"}, "one that does not answer holds up no other"


def test_of_ipv6_too():
    assert nginx.addresses("[::1]:9100") == ["[::1]:9100"]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\n\r\nhello", b"\xff\x00\r\n\r\n"])
def test_what_is_no_nginx_is_not_announced(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"

        def serve():
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(answer)
            connection.close()

        threading.Thread(target=serve, daemon=True).start()
        nginx.look(place)
    assert announced() == {}


def test_it_goes_on_when_the_name_is_not_known(front, monkeypatch):
    (port,) = free_ports(1)
    front(METRICS_BIND=f"127.0.0.1:{port}")
    monkeypatch.setattr(processes, "EVERY", 0.01)
    answers = [OSError("no such name")]
    find = nginx.addresses

    def addresses(place):
        if answers:
            raise answers.pop()
        return find(place)

    monkeypatch.setattr(nginx, "addresses", addresses)
    nginx.announce(f"127.0.0.1:{port}")
    until(announced, "it is announced")


def test_without_a_name_nobody_looks(monkeypatch):
    monkeypatch.setattr(nginx.threading, "Thread", None)
    nginx.announce("")
