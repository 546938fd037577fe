"""Ask one question for many: who comes while it is under way is asked for with the next one."""

import asyncio
from contextvars import Context

from django.db import InterfaceError, OperationalError

MOST = 100  # asked together: a question must not hold a thread for long


class Together:
    """Questions of one sort; `ask(items)` is awaited for a list of items, and returns their answers in order.

    What is answered was asked after `of()` was called: nothing is kept. An answer that is an exception is
    raised for its item alone. Where a question takes longer than `patience` (seconds), the next one does not
    wait for it; without, they are asked strictly one after the other.
    """

    def __init__(self, ask, patience=None, most=MOST):
        self.ask, self.patience, self.most = ask, patience, most
        self.waiting, self.task = [], None

    async def of(self, item):
        """Return the item's answer."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self.waiting.append((item, future))
        if self.task is None:  # in no request's name: it is asked for several
            self.task = loop.create_task(self._run(), context=Context())
        return await future

    async def _run(self):
        try:
            while self.waiting:
                asked, self.waiting = self.waiting[: self.most], self.waiting[self.most :]
                if self.patience is None:
                    await self._answer(asked)
                else:
                    await asyncio.wait([asyncio.ensure_future(self._answer(asked))], timeout=self.patience)
        finally:
            self.task = None

    async def _answer(self, asked):
        """Tell everybody their answer; who has gone meanwhile needs none."""
        try:
            answers = await self.ask([item for item, _ in asked])
        except Exception as error:
            answers = [error] * len(asked)
        for (_, future), answer in zip(asked, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


def each(function, items):
    """Return what the function returns for each item, or the exception that it raises.

    That the database is away concerns all of them.
    """
    found = []
    for item in items:
        try:
            found.append(function(item))
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            found.append(error)
    return found
