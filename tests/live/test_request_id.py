"""What a frame asks for is done under an id of its own, in whichever thread."""

from dataclasses import replace

from partyline import request_id
from partyline.live.kinds import find, register


async def test_it_works(pages, wall, admin_user):
    seen = []

    def note(person, id, fields):
        seen.append(request_id.current())

    kind, _ = find(wall)
    register(replace(kind, handlers={"note": note}))
    page = await pages(admin_user)
    for client_id in ("one", "two"):
        await page.send(type="note", stream=wall, client_id=client_id)
        await page.until(lambda frame, client_id=client_id: frame.get("done") == client_id)
    assert len(set(seen)) == 2 and all(request_id.SANE.fullmatch(each) for each in seen)
    assert request_id.current() == ""
