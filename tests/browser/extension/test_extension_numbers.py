"""Numbers that change by themselves are the newest that came, and say how old they are."""

from tests.browser.extension.fake_server import message, reset, resumed, state_frame, stream
from tests.browser.extension.looks import shows

KINDS = ("like", "love")


def noted(number, like="", love=""):
    """Return a line with its own numbers."""
    marks = "".join(
        f'<i data-tally="{number} {kind}">{n}</i>' for kind, n in zip(KINDS, (like, love), strict=True)
    )
    return message(number).replace("</li>", f"{marks}</li>")


def entry(seq, number, *numbers):
    """Return the frame of an entry that brings a line, or changes it."""
    html = f'<ol hx-swap-oob="beforeend:#messages">{noted(number, *numbers)}</ol>'
    return {"stream": "room:1", "seq": seq, "html": html}


def tallies(v, json):
    """Return the frame of the state of all numbers."""
    return state_frame(v, element(json, ' hx-swap-oob="true"'), "tallies")


def element(json, more=""):
    return f"<p id=\"tallies\"{more} hidden data-tallies='{json}'></p>"


def numbers(page, number, *expected):
    """Wait until the line shows these numbers."""
    page.wait_for_function(
        """([number, expected]) => [...document.querySelectorAll(`#message-${number} i`)]
        .map((each) => each.textContent).join(' ') == expected""",
        arg=[number, " ".join(map(str, expected))],
    )


def test_all_numbers_of_a_page_come_at_once(page, visit):
    link = visit(stream(noted(1, 7, 7) + noted(2, 7, 7) + noted(3, 7, 7)), extra=element("{}"))
    numbers(page, 1, 7, 7)
    link.say(tallies(1, '{"1":{"like":3,"love":0},"2":{"love":12}}'))
    numbers(page, 1, 3, "")
    numbers(page, 2, "", 12)
    numbers(page, 3, 7, 7)  # not listed: as it was
    link.say(tallies(2, '{"2":{}}'), tallies(1, '{"1":{"like":1000}}'))
    numbers(page, 2, "", "")
    numbers(page, 1, 3, "")


def test_what_the_page_came_with_counts(page, visit):
    visit(stream(noted(1, 2)), extra=element('{"1":{"like":5}}'))
    numbers(page, 1, 5, "")


def test_the_newest_win_over_a_line_that_comes_later(page, visit):
    link = visit(stream(noted(1)), extra=element("{}"))
    link.say(tallies(1, '{"1":{"like":3},"2":{"like":4}}'))
    link.say(tallies(2, '{"1":{"like":5}}'), entry(1, 2, 1, 1), entry(2, 3, 9, 9), entry(3, 1, 2))
    shows(page, 1, 2, 3)
    numbers(page, 1, 5, "")
    numbers(page, 2, 4, "")
    numbers(page, 3, 9, 9)


def test_what_is_fetched_anew_wins_over_what_came_before(page, visit, server):
    link = visit(stream(noted(1)), extra=element("{}"))
    link.say(tallies(1, '{"1":{"like":3}}'))
    numbers(page, 1, 3, "")
    server.pages["/fragment/"] = (200, stream(noted(1, 8), head=4))
    link.say(reset(4))
    link.got("resume")
    numbers(page, 1, 8, "")
    link.say(resumed(4), tallies(2, '{"1":{"like":9}}'))
    numbers(page, 1, 9, "")


def test_nonsense_hurts_nothing(page, visit):
    link = visit(stream(noted(1, 1)), extra=element("{}"))
    link.say(tallies(1, "{"), entry(1, 2), tallies(2, '{"1":{"like":3}}'))
    numbers(page, 1, 3, "")
    shows(page, 1, 2)


# How old they are.

TEXT = "document.querySelector('[data-updated]').textContent"


def drawn(second, limit=10):
    """Return the state's HTML, drawn at that second."""
    time = f"2020-01-02T03:04:{second:02}+00:00"
    return (
        f'<div id="load" hx-swap-oob="true"><b>{second}</b>'
        f'<p data-updated="{limit}">Drawn at <time datetime="{time}">03:04:{second:02} UTC</time></p></div>'
    )


def panel(page, visit):
    """Open the page with its clock standing still; time passes as the test says."""
    page.clock.install(time="2026-01-01T12:00:00")
    html = f"<div data-live>{drawn(0)}</div><button data-pause>Pause</button>"
    link = visit(stream(more=" data-pausable").replace("</section>", f"{html}</section>"))
    page.clock.pause_at("2026-01-01T12:10:00")
    link.say(state_frame(1, drawn(1), "load"))
    says(page, "Updated 0 s ago")
    return link


def says(page, words, late=False):
    """Wait until the age is told so."""
    selector = f"[data-live]{'.late' if late else ':not(.late)'} [data-updated] >> text='{words}'"
    page.wait_for_selector(selector)


def test_an_age_is_counted_and_is_late_in_the_end(page, visit):
    link = panel(page, visit)
    page.clock.run_for(3000)
    says(page, "Updated 3 s ago")
    link.say(state_frame(2, drawn(3), "load"))
    says(page, "Updated 0 s ago")
    page.clock.run_for(10_000)
    says(page, "Updated 10 s ago")
    page.clock.run_for(1000)
    says(page, "No news for 11 s", late=True)
    page.clock.run_for(60_000)
    says(page, "No news for 71 s", late=True)
    link.say(state_frame(3, drawn(4), "load"))
    says(page, "Updated 0 s ago")


def test_the_page_counts_from_when_it_came(page, visit):
    page.clock.install(time="2026-01-01T12:00:00")
    visit(stream().replace("</section>", f"{drawn(0, 1000)}</section>"))
    page.clock.pause_at("2026-01-01T12:02:05")
    page.wait_for_selector("[data-updated] >> text='Updated 2 min ago'")


def test_what_was_drawn_before_is_not_newer_when_it_comes_again(page, visit):
    link = panel(page, visit)
    page.clock.run_for(4000)
    link.say(state_frame(2, drawn(1).replace("<b>1</b>", "<b>again</b>"), "load"))
    page.wait_for_selector("#load >> text=again")
    says(page, "Updated 4 s ago")


def test_paused_it_says_so_and_then_its_true_age(page, visit):
    link = panel(page, visit)
    page.click("[data-pause]")
    says(page, "Paused")
    link.say(state_frame(2, drawn(5), "load"), {"done": "taken"})
    link.say({"stream": "room:1", "seq": 1, "html": "<i></i>"})
    page.wait_for_selector("text='Resume, 1 update waits'")
    page.clock.run_for(30_000)
    says(page, "Paused")
    page.click("[data-pause]")
    page.wait_for_selector("#load b >> text=5")
    says(page, "No news for 30 s", late=True)
