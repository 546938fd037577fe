"""The running site, its people, and the hands on it; what is not there is skipped by its name."""

import pytest

from tests.site import NEEDS_STACK, running
from tests.stack.control import stack_of
from tests.stack.page import Page, dial
from tests.stack.visitor import Visitor


@pytest.fixture(scope="session")
def site():
    return running()


@pytest.fixture(scope="session")
def behind_nginx(site):
    """The site, where nginx stands before it."""
    if site.mode == "one process":
        pytest.skip(NEEDS_STACK)
    return site


@pytest.fixture(scope="session")
def stack(site):
    """The hands on a stack of several processes."""
    if site.mode not in ("containers", "native"):
        pytest.skip(NEEDS_STACK)
    return stack_of(site)


@pytest.fixture(scope="session")
def engine(site):
    """The hands on a stack in containers."""
    if site.mode == "native":
        pytest.skip("this is about containers, and the stack runs natively")
    if site.mode != "containers":
        pytest.skip(NEEDS_STACK)
    return stack_of(site)


@pytest.fixture
def may_restart(stack):
    if not stack.site.may_restart:
        pytest.skip("the site would go away for a moment: PARTYLINE_MAY_RESTART=1 allows it")


@pytest.fixture(scope="module")
def no_traceback(site):
    """Read the log over the whole module."""
    if not site.mode:
        yield
        return
    with stack_of(site).no_traceback():
        yield


@pytest.fixture(scope="module")
def three(stack):
    """The stack with three ws processes; afterwards it has as many as before."""
    before = len(stack.replicas())
    stack.scale(3)
    yield stack
    stack.scale(before)


@pytest.fixture
def one(stack):
    """The stack with one ws process; afterwards it has as many as before."""
    before = len(stack.replicas())
    stack.scale(1)
    yield stack
    stack.scale(before)


@pytest.fixture(scope="module")
def alice(site):
    return Visitor.guest(site, "Alice")


@pytest.fixture(scope="module")
def bob(site):
    return Visitor.member(site, "Bob")


@pytest.fixture(scope="module")
def charlie(site):
    return Visitor.member(site, "Charlie")


@pytest.fixture(scope="module")
def room(bob):
    """The path of a public room."""
    return bob.make_room()


@pytest.fixture
async def page(site):
    """Return a coroutine function that opens a socket for a visitor."""
    sockets = []

    async def open_page(visitor=None, **options):
        sockets.append(await dial(site, visitor, **options))
        return Page(sockets[-1])

    yield open_page
    for socket in sockets:
        await socket.close()
