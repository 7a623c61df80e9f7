"""Sending in time: sharper than the event loop's timers, and never too much at once."""

from __future__ import annotations

import asyncio
import time

from groupwire.net import MulticastSender

__all__ = ["send_all", "until"]

_EVENT_LOOP_S = 0.002
"""The event loop's own timers are late by up to a millisecond; what is nearer than
this is waited for by the thread itself."""


async def until(moment: float) -> None:
    """Wait until then, by ``time.monotonic``, to some tens of microseconds."""
    wait = moment - time.monotonic()
    await asyncio.sleep(max(wait - _EVENT_LOOP_S, 0.0))
    rest = moment - time.monotonic()
    if rest > 0:
        time.sleep(rest)  # noqa: ASYNC251 - shorter than the loop's own lateness


async def send_all(sender: MulticastSender, data: bytes, segment_bytes: int) -> None:
    """Send it all, waiting where the send buffer is full."""
    left = memoryview(data)
    while True:
        try:
            taken = sender.send(left, segment_bytes)
        except BlockingIOError:
            await _writable(sender)
            continue
        left = left[taken:]
        if not left:
            return


async def _writable(sender: MulticastSender) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_writer(sender.fileno(), _done, ready)
    try:
        await ready
    finally:
        loop.remove_writer(sender.fileno())


def _done(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
