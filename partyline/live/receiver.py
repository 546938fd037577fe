"""The receiving half of the hub: one channel of the channel layer, its groups, and the tasks around it."""

import asyncio
import logging

from channels.layers import get_channel_layer
from django.db import DatabaseError

from . import notices
from .fanout import Fanout

logger = logging.getLogger(__name__)

JOIN_SECONDS = 1  # that one question to the layer may take


class Receiver:
    """Takes notices for all sockets of a process and calls `_on_<type>(notice)` for each.

    `receive()` never gets a time limit: channels-redis destroys a channel whose receive is cancelled.
    """

    def __init__(self):
        self.layer = self.channel = None
        self.tails = {}  # stream's key → Tail; each stream has its group
        self.fanout = Fanout()
        self.tasks = []
        self.regrouping = None  # the task that tells the layer which groups are ours
        self.errands = set()  # short tasks; a task that nobody refers to may vanish

    def run(self, *jobs):
        """Begin to receive and to do the jobs again and again, on the running loop; once."""
        if not self.tasks:
            notices.use_loop(asyncio.get_running_loop())
            self.layer = get_channel_layer()
            self.tasks = [asyncio.ensure_future(self._forever(job)) for job in (self._receive, *jobs)]

    async def stop(self):
        """End every task of the hub; asked again, because a channel layer may swallow a cancellation."""
        tasks, self.tasks = self.tasks, []
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.5)

    async def _forever(self, job):
        while True:
            try:
                await job()
            except DatabaseError as error:
                logger.warning("The hub tries again, the database does not answer: %s", str(error).strip())
                await asyncio.sleep(1)
            except Exception:
                logger.exception("The hub goes on after an error")
                await asyncio.sleep(1)

    def spawn(self, coroutine):
        """Run a short task, keep it alive, and log it if it fails."""
        task = asyncio.ensure_future(coroutine)
        self.errands.add(task)
        task.add_done_callback(self._errand_done)
        return task

    def _errand_done(self, task):
        self.errands.discard(task)
        if not task.cancelled() and task.exception():
            logger.warning("An errand of the hub failed: %r", task.exception())

    async def _receive(self):
        """Take notices as they come; a channel layer that fails is asked again from the start."""
        if self.channel is None and not await self._open_channel():
            await asyncio.sleep(1)
            return
        message = await self.layer.receive(self.channel)
        early = self.fanout.early
        getattr(self, f"_on_{message['type']}")(message)
        if self.fanout.early != early:
            await asyncio.sleep(0)  # sockets must have their turn, or who reads would look like who does not

    async def _open_channel(self):
        try:
            self.channel = await self.layer.new_channel()
        except Exception as error:  # whatever a channel layer may raise
            logger.warning("No notices for now, the heads check serves meanwhile: %r", error)
            return False
        await self._join_groups(list(self.tails))
        return True

    async def _join_groups(self, keys):
        """Subscribe to the streams' notices; joining again changes nothing, the first failure ends it."""
        try:
            for key in keys if self.channel else ():
                await asyncio.wait_for(
                    self.layer.group_add(notices.group_of(key), self.channel), JOIN_SECONDS
                )
        except Exception as error:  # whatever a channel layer may raise
            logger.warning("No notices of some streams, the heads check serves meanwhile: %r", error)

    def regroup(self, gone):
        """Leave the groups of streams that are gone, and join all others again: a layer may forget them.

        By itself, one at a time: while Redis hangs it takes a second for each, and nobody may wait for it.
        """
        if self.regrouping is None or self.regrouping.done():
            self.regrouping = self.spawn(self._regroup(gone))

    async def _regroup(self, gone):
        try:
            for key in gone:
                left = self.layer.group_discard(notices.group_of(key), self.channel)
                await asyncio.wait_for(left, JOIN_SECONDS)
        except Exception as error:  # Redis away: a group too many costs nothing
            logger.info("Some groups were not left: %r", error)
        await self._join_groups(list(self.tails))
