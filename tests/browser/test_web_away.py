"""While web restarts, a browser shows nginx's own page, which then goes on to the one that was wanted."""

from playwright.sync_api import expect

from tests.site import until


def test_it_comes_back_by_itself(stack, somebody, alice, room):
    page = somebody(alice).new_page()
    page.goto("/")
    with stack.without_web():
        until(lambda: page.goto(room).status == 503, "nginx's own page")
        assert not page.locator("#messages").count()
    expect(page.locator("#messages")).to_be_attached()
    assert page.url.endswith(room)
    # The 503 itself is an error to the console.
    somebody.complaints[:] = [line for line in somebody.complaints if "503" not in line]
