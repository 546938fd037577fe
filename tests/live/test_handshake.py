"""Only our own pages get a socket: the Origin is exact, the Host is known, the path is /ws/live/."""

import pytest


async def test_it_works(pages):
    assert (await pages()).accepted


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "http://evil.example",
        "https://testserver",
        "http://testserver:81",
        "http://testserver.evil.example",
        "http://testserver@evil.example",
        "http://testserver/path",
        "testserver",
    ],
)
async def test_another_origin_is_refused(pages, origin):
    assert not (await pages(origin=origin)).accepted


async def test_the_default_port_may_be_written_or_not(pages):
    assert (await pages(origin="http://testserver:80")).accepted
    assert (await pages(host="testserver:8080", origin="http://testserver:8080")).accepted


async def test_an_unknown_host_is_refused(pages):
    assert not (await pages(host="evil.example", origin="http://evil.example")).accepted


@pytest.mark.parametrize("path", ["/ws/", "/ws/other/", "/", "/ws/live"])
async def test_another_path_is_refused(pages, path):
    assert not (await pages(path=path)).accepted


async def test_a_cookie_that_is_no_session_reads_as_anybody(pages, wall):
    page = await pages(cookie="sessionid=made-up; broken=; =x;;")
    assert page.accepted
    await page.resume(**{wall: ("", 0)})
    await page.until(lambda frame: "resumed" in frame)
