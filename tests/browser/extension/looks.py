"""What a test sees of a page, and does to it."""

IDS = "[...document.querySelectorAll('#messages > li')].map((line) => line.id)"


def lines(page):
    """Return the ids of the list's lines."""
    return page.evaluate(IDS)


def shows(page, *numbers):
    """Wait until the list is exactly these messages, in this order."""
    ids = " ".join(f"message-{number}" for number in numbers)
    page.wait_for_function(f"(ids) => {IDS}.join(' ') == ids", arg=ids)


def state(page, name, text=""):
    """Wait until the state line says so; without text it is hidden."""
    page.wait_for_function(
        """([name, text]) => {
        const line = document.getElementById('live-state');
        return line.dataset.state == name && line.textContent.includes(text) && line.hidden == !text;
        }""",
        arg=[name, text],
    )


def say(page, text):
    """Type it and press Enter."""
    page.fill("textarea", text)
    page.press("textarea", "Enter")
