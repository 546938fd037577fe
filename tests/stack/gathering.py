"""Many pages in one room."""

import asyncio

from tests.stack.page import SteadyPage
from tests.stack.visitor import key_of


class Gathering:
    """Pages that stay in one room until the end of an `async with`; they come seconds `apart`."""

    def __init__(self, site, visitors, room, count, apart=0.0):
        self.apart = apart
        self.pages = [SteadyPage(site, visitors[n % len(visitors)], key_of(room)) for n in range(count)]

    async def __aenter__(self):
        self.tasks = []
        for page in self.pages:
            self.tasks.append(asyncio.create_task(page.run()))
            await asyncio.sleep(self.apart)
        await self.all(lambda page: page.live, "everybody is connected")
        return self.pages

    async def all(self, condition, what, seconds=40):
        try:
            async with asyncio.timeout(seconds):
                while not all(map(condition, self.pages)):
                    for task in self.tasks:
                        assert not task.done() or task.result()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(
                f"not within {seconds} s: {what}; {sum(map(condition, self.pages))} of {len(self.pages)}"
            ) from None

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
