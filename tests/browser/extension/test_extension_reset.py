"""What a page does when a stream cannot be continued, or may not be seen; and what it does to itself."""

import pytest

from tests.browser.extension.fake_server import entry, message, reset, resumed, stream
from tests.browser.extension.looks import lines, say, shows, state


def test_a_reset_fetches_the_part_anew(page, visit, server):
    link = visit(stream(message(1), head=1))
    fresh = stream(message(40) + message(41), head=41, epoch="e2")
    server.pages["/fragment/"] = (200, f"<main>{fresh}</main>")
    page.fill("textarea", "half a thought")
    page.fill("#draft", "another draft")
    say_id = page.input_value("[name=client_id]")
    page.evaluate("document.getElementById('draft').setSelectionRange(3, 5)")
    link.say(reset(40, "e2"), entry(2))
    assert link.got("resume")["streams"] == {"room:1": {"epoch": "e2", "seq": 41}}
    link.say(resumed(41, "e2"), entry(42))
    shows(page, 40, 41, 42)
    assert page.input_value("textarea") == "half a thought"
    assert page.input_value("#draft") == "another draft"
    assert page.evaluate("[document.activeElement.id, document.activeElement.selectionStart]") == ["draft", 3]
    assert page.input_value("[name=client_id]") == say_id


def test_pending_lines_survive_a_reset(page, visit, server):
    link = visit()
    say(page, "one")
    first = link.got("say")["client_id"]
    say(page, "two")
    second = link.got("say")["client_id"]
    fragment = stream(message(5, "one", client_id=first), head=5)
    server.pages["/fragment/"] = (200, fragment)
    link.say(reset(5))
    link.got("resume")
    page.wait_for_function("() => document.querySelector('#message-5')")
    assert lines(page) == ["message-5", f"pending-{second}"]


def test_a_failing_fragment_is_fetched_again(page, visit, server):
    link = visit()
    server.pages["/fragment/"] = (503, "restarting")
    with page.expect_response("**/fragment/"):
        link.say(reset(9))
    server.pages["/fragment/"] = (200, stream(message(9), head=9))
    assert link.got("resume")["streams"]["room:1"]["seq"] == 9
    shows(page, 9)


@pytest.mark.parametrize("answer", [(403, "no"), (200, "<form>sign in</form>")])
def test_a_fragment_that_one_may_not_have(page, visit, server, answer):
    link = visit()
    server.pages["/fragment/"] = answer
    link.say(reset(9))
    state(page, "refused", "no longer")


def test_a_refused_stream_is_marked(page, visit):
    link = visit()
    link.say({"stream": "room:1", "refused": "not_allowed"})
    state(page, "refused", "no longer")
    assert page.get_attribute("#stream", "data-refused") == "not_allowed"
    link.say(resumed(0))
    state(page, "live")
    assert page.get_attribute("#stream", "data-refused") is None


# The page.


def test_times_are_local_and_own_lines_marked(page, visit):
    link = visit(stream(message(1, author=1) + message(2), head=2))
    link.say(entry(3, author=1))
    shows(page, 1, 2, 3)
    own = page.eval_on_selector_all("#messages > .own", "all => all.map(each => each.id)")
    assert own == ["message-1", "message-3"]
    times = page.eval_on_selector_all("time", "all => all.map(each => [each.textContent, each.title])")
    assert times == [["2 Jan 2020, 12:04", "in UTC"]] * 3


def test_a_list_stays_at_its_bottom_only_if_it_was_there(page, visit):
    link = visit()
    page.evaluate("Object.assign(box.style, {height: '100px', overflow: 'auto'})")
    at_bottom = "(box.scrollHeight - box.scrollTop - box.clientHeight < 2)"
    to_top = """() => new Promise((done) => {
        box.addEventListener('scroll', () => setTimeout(done), {once: true});
        box.scrollTop = 0;
    })"""
    link.say([entry(number) for number in range(1, 11)])
    page.wait_for_function(f"() => document.getElementById('message-10') && {at_bottom}")
    page.evaluate(to_top)
    link.say(entry(11), entry(12), {"stream": "room:1", "seq": 13, "html": ""})
    page.wait_for_selector("[data-new-count] >> text=2 new")
    assert page.evaluate("box.scrollTop") == 0
    page.click("[data-new-count]")
    page.wait_for_function(f"() => {at_bottom}")
    assert page.is_hidden("[data-new-count]")
    page.evaluate(to_top)
    say(page, "who speaks wants to see it")
    page.wait_for_function(f"() => {at_bottom}")
