"""A socket opens for pages of our own, at one address; that address is never a page."""

import pytest
from websockets.exceptions import InvalidHandshake

from tests.stack.page import dial
from tests.stack.visitor import Visitor, key_of


async def test_it_works(page, alice, room):
    socket = await page(alice)
    assert (await socket.resume(key_of(room)))["resumed"]["epoch"]


async def test_who_is_nobody_may_read(page, bob, room):
    reader, key = await page(), key_of(room)
    await reader.resume(key)
    bob.say(room, "for everybody")
    assert "for everybody" in (await reader.until(lambda f: "seq" in f))["html"]
    assert (await reader.say(key, "from nobody"))["code"] == "not_allowed"


WRONG = {
    "missing": None,
    "null": "null",
    "another site": "http://evil.example",
    "another port": "{scheme}://{host}:1",
    "another scheme": "{other}://{netloc}",
    "our name as a prefix": "{scheme}://{netloc}.evil.example",
    "our name before the @": "{scheme}://{netloc}@evil.example",
    "a path behind it": "{scheme}://{netloc}/rooms/",
}


@pytest.mark.parametrize("origin", WRONG.values(), ids=WRONG.keys())
async def test_another_origin_is_refused(site, alice, origin):
    scheme = "https" if site.secure else "http"
    other = "http" if site.secure else "https"
    parts = {"scheme": scheme, "other": other, "netloc": site.netloc, "host": site.host}
    with pytest.raises(InvalidHandshake) as refused:
        async with dial(site, alice, origin=origin and origin.format(**parts)):
            pass
    assert refused.value.response.status_code in (400, 403)


@pytest.mark.parametrize("path", ["/ws/", "/ws/live", "/ws/live/more", "/ws/other/"])
async def test_another_address_is_refused(site, alice, path):
    with pytest.raises(InvalidHandshake):
        async with dial(site, alice, path=path):
            pass


@pytest.mark.parametrize("path", ["/ws/live/", "/ws/", "/ws/anything", "/ws/healthz", "/ws/../ws/live/"])
def test_never_a_page(behind_nginx, path):
    answer = Visitor(behind_nginx).get(path)
    assert answer.status == 426 and "<" not in answer.text


async def test_a_session_that_is_none_reads_as_nobody(page, site, room):
    stranger = Visitor(site)
    stranger.cookies["sessionid"] = "x" * 32
    socket = await page(stranger)
    assert "resumed" in await socket.resume(key_of(room))
    assert (await socket.say(key_of(room), "hello"))["code"] == "not_allowed"


async def test_signing_out_ends_the_socket(page, site, room):
    dora = Visitor.guest(site, "Dora")
    socket = await page(dora)
    await socket.resume(key_of(room))
    assert dora.post("/people/sign-out/").status == 302
    await socket.socket.wait_closed()
    assert socket.socket.close_code == 4401
