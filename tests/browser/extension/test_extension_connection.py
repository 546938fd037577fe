"""The connection: when it comes back, when it stays away, and how it moves without a gap."""

import pytest

from tests.browser.extension.fake_server import entry, resumed
from tests.browser.extension.looks import say, shows, state


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013, 3000, 4000, 4400, 4999])
def test_every_other_close_comes_back(page, visit, server, code):
    link = visit()
    link.say(entry(1))
    shows(page, 1)
    link.close(code)
    link = server.link()
    assert link.greet(1) == {"room:1": {"epoch": "e1", "seq": 1}}
    link.say(entry(2))
    shows(page, 1, 2)


@pytest.mark.parametrize("code, words", [(4401, "signed out"), (4403, "may not"), (4429, "too much")])
def test_these_stay_away_and_say_so(page, visit, server, code, words):
    link = visit()
    page.evaluate("addEventListener('htmx:wsClose', ({detail}) => { window.code = detail.event.code })")
    say(page, "in flight")
    link.got("say")
    link.close(code)
    state(page, "refused", words)
    assert words in page.inner_text(".failed [data-reason]")
    assert page.evaluate("window.code") == code
    page.fill("textarea", "a draft")
    page.press("textarea", "Enter")
    assert words in page.evaluate("document.querySelector('textarea').validationMessage")
    assert page.input_value("textarea") == "a draft"
    page.clock.install()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    page.clock.fast_forward(60_000)
    assert server.attempts == 1


def test_it_comes_back_with_full_jitter(page, visit, server):
    page.add_init_script(
        """const real = window.setTimeout; window.delays = [];
        window.setTimeout = (action, delay) => {
            window.delays.push(delay);
            return real(action, delay == 10000 ? delay : delay / 100); // but patience with the handshake
        };
        Math.random = () => 0.999"""
    )
    link = visit()
    server.refusing = True
    page.evaluate("window.delays = []")
    link.kill()
    page.wait_for_function("() => window.delays.filter((delay) => delay > 14000 && delay < 15000).length > 2")
    delays = page.evaluate("window.delays.filter((delay) => ![10000, 3000].includes(delay))")
    assert [round(delay / 1000) for delay in delays[:6]] == [1, 2, 4, 8, 15, 15]
    server.refusing = False
    link = server.link()
    link.greet()
    page.evaluate("window.delays = []")
    link.kill()
    server.link().greet()
    again = page.evaluate("window.delays.some((delay) => delay > 900 && delay < 1000)")
    assert again, "the counter starts anew"


def test_the_state_line_is_quiet_at_first(page, visit, server):
    page.clock.install()
    link = visit()
    server.refusing = True
    link.kill()
    page.wait_for_function("() => document.getElementById('live-state').dataset.state == 'reconnecting'")
    assert page.is_hidden("#live-state")
    page.clock.fast_forward(3100)
    state(page, "reconnecting", "Reconnecting")
    server.refusing = False
    server.link().greet()
    state(page, "live")


def test_it_comes_back_at_once_when_online(page, visit, server):
    page.add_init_script("Math.random = () => 0.999")
    link = visit()
    server.refusing = True
    link.kill()
    page.wait_for_function("() => document.getElementById('live-state').dataset.state == 'reconnecting'")
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 100000"))  # no timer fires from here on
    server.refusing = False
    page.evaluate("window.dispatchEvent(new Event('online'))")
    server.link().greet()


def test_offline_and_back(page, visit, server):
    link = visit()
    page.context.set_offline(True)
    server.refusing = True
    link.kill()
    state(page, "offline", "Offline")
    say(page, "kept")
    page.context.set_offline(False)
    state(page, "reconnecting", "Reconnecting")
    server.refusing = False
    link = server.link()
    link.greet()
    assert link.got("say")["text"] == "kept"
    state(page, "live")


def test_a_half_open_socket_is_noticed(page, visit, server):
    page.clock.install()
    link = visit()
    say(page, "into the void")
    mine = link.got("say")["client_id"]
    page.clock.fast_forward(10_100)
    page.clock.run_for(1000)
    again = server.link()
    again.greet()
    assert again.got("say")["client_id"] == mine
    link.wait_closed()
    page.evaluate("window.dispatchEvent(new Event('offline'))")  # asks whether it is alive
    assert again.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 0}}
    page.clock.fast_forward(3100)
    page.clock.run_for(1000)
    server.link().greet()


def test_a_server_that_never_answers_the_resume(page, visit, server):
    page.clock.install()
    link = visit(live=False)
    link.got("resume")
    page.clock.fast_forward(10_100)
    page.clock.run_for(1000)
    server.link().greet()
    link.wait_closed()


def test_the_beat(page, visit):
    page.clock.install()
    link = visit()
    for _ in range(3):
        page.clock.run_for(25_100)
        assert link.got("beat") == {"type": "beat", "idle": False}
    page.clock.fast_forward(300_000)
    assert link.got() == {"type": "beat", "idle": True}
    link.got("resume")  # after so long a silence it asks


def test_move_makes_before_it_breaks(page, visit, server):
    old = visit()
    old.say(entry(1), {"move": {"within": 0.5}})
    new = server.link()
    assert new.greet(answer=False) == {"room:1": {"epoch": "e1", "seq": 1}}
    old.say(entry(2))
    shows(page, 1, 2)
    say(page, "between")
    mine = old.got("say")["client_id"]
    assert old.is_open
    new.say(entry(2), resumed(2))
    assert new.got("say")["client_id"] == mine, "the old one may not have got to it"
    old.wait_closed()
    new.say({"done": mine}, entry(3, author=1, client_id=mine))
    shows(page, 1, 2, 3)
    assert server.attempts == 2


def test_a_move_that_fails_keeps_the_old(page, visit, server):
    old = visit()
    server.refusing = True
    old.say({"move": {"within": 0.1}}, {"move": {"within": 0.1}})
    page.wait_for_event("console", lambda line: "503" in line.text)
    old.say(entry(1))
    shows(page, 1)
    assert old.is_open
    server.refusing = False
    new = server.link()  # it is tried again while the old one lives
    new.greet(1)
    old.wait_closed()


def test_the_new_one_must_move_on_too(page, visit, server):
    first = visit()
    first.say({"move": {"within": 0.1}})
    second = server.link()
    second.got("resume")
    second.say({"move": {"within": 0.1}}, resumed(0))
    first.wait_closed()
    server.link().greet()
    second.wait_closed()


def test_the_old_one_dies_during_a_move(page, visit, server):
    old = visit()
    old.say({"move": {"within": 0.1}})
    new = server.link()
    new.got("resume")
    old.kill()
    new.say(resumed(0), entry(1))
    shows(page, 1)
    assert server.attempts == 2


def test_one_socket_per_page(page, visit, server):
    link = visit()
    page.evaluate("htmx.process(document.body)")
    page.evaluate("htmx.createWebSocket(document.body.getAttribute('ws-connect'))")
    page.evaluate("window.swaps = 0; addEventListener('htmx:wsAfterMessage', () => { window.swaps += 1 })")
    link.say(entry(1), entry(2))
    shows(page, 1, 2)
    assert page.evaluate("window.swaps") == 2
    assert server.attempts == 1


def test_back_from_the_cache_of_pages(page, visit, server):
    link = visit()
    link.say(entry(1))
    shows(page, 1)
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    link.wait_closed()
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert server.link().greet(1) == {"room:1": {"epoch": "e1", "seq": 1}}
