"""A NORM sender or receiver made of groupwire, which tells what happens in JSON lines.

    python -m tests.interop.ours send --group 239.7.7.7 --port 6003 --size 100000
    python -m tests.interop.ours receive --group 239.7.7.7 --port 6003 --count 1

Its options, lines and exit codes are those of ``norm_peer`` wherever both have them.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, cast

from tests.interop.options import numbers, parsers

from groupwire.errors import UsageError
from groupwire.net import (
    Aim,
    MulticastReceiver,
    MulticastSender,
    SenderConfig,
    list_interfaces,
)
from groupwire.norm.coding import Coding
from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive import events as arrivals
from groupwire.norm.receive.config import Join, ReceiverConfig
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.receive.sink import MemorySink
from groupwire.norm.send import config as sending
from groupwire.norm.send import events as departures
from groupwire.norm.send.polls import AckStatus
from groupwire.norm.send.sender import Sender
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.payload import FecId
from groupwire.run import Core, Driver, LossyPort, Port, UdpPort
from groupwire.values import Group

_JOINS = {"current": Join.NOW, "stream": Join.OBJECT, "all": Join.WINDOW}


def tell(event: str, **facts: object) -> None:
    """Say one thing that has happened."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


def open_port(options: Namespace) -> Port:
    """Join, and send from the group's port, where unicast feedback comes to."""
    group = Group.parse(f"{options.group}:{options.port}")
    ways = [i for i in list_interfaces() if i.name == options.interface]
    receiver = MulticastReceiver(coalesced=True)
    receiver.join(group, ways)
    how = SenderConfig(group_port=True, facts=True)
    port = UdpPort(MulticastSender(Aim.at(group, ways, how)), receiver)
    return LossyPort(
        port,
        rng=Random(options.dice),
        receive_loss=options.rx_loss / 100,
        send_loss=options.tx_loss / 100,
    )


class Peer:
    """What a sender and a receiver have in common."""

    def __init__(self, options: Namespace, core: Sender | Receiver) -> None:
        self.options = options
        self._core = core
        self._changed = asyncio.Event()
        self.port = open_port(options)
        self.driver: Driver[Any] = Driver(
            cast("Core[Any]", core), self.port, on_events=self._hear
        )

    def handle(self, event: Any) -> None:
        """Take in what happened."""

    def _hear(self, events: Sequence[Any]) -> None:
        for event in events:
            self.handle(event)
        self._changed.set()

    async def until(self, fact: Callable[[], bool], within: float) -> bool:
        """Wait until it is so; False if it was not in time."""
        try:
            async with asyncio.timeout(max(0.0, within)):
                while not fact():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def rest(self, seconds: float) -> None:
        """Go on answering for a while."""
        await self.until(lambda: False, seconds)

    def tell_drops(self) -> None:
        """Say what was not understood, and what was lost on this machine."""
        tell("dropped", **self._core.dropped)
        tell("lost", **self.port.dropped)


class OurSender(Peer):
    """Sends all it has, waits for whom it has to, and keeps repairing for a while."""

    def __init__(self, options: Namespace) -> None:
        self.core = Sender(_sender_config(options), FixedRate(options.rate / 8))
        super().__init__(options, self.core)
        self._objects: list[int] = []
        self._room = True
        self._awaited: type[departures.SenderEvent] | None = None

    async def run(self) -> bool:
        """Return whether all was done in time."""
        options, now = self.options, self.driver.time
        deadline = now() + options.timeout
        self.driver.start()
        tell("ready")
        if options.command:
            self.core.command(options.command, now=now())
        for ack_type in options.request:
            self.core.request_ack(ack_type, options.ack, now=now())
        await (self._stream() if options.stream else self._queue())
        done = await self._settle(deadline - now())
        if options.stream:
            self._do(partial(self.core.end_stream, self._objects[0]))
            done = await self._wait(departures.TransmissionIdle, deadline - now())
        for number in options.cancel:
            self._do(partial(self.core.cancel, self._objects[number]))
            tell("cancelled", id=number)
        if options.end:
            self._do(self.core.finish)
        await self.rest(options.hold)
        self.tell_drops()
        return done

    def _do(self, verb: Callable[..., Any]) -> Any:
        result = verb(now=self.driver.time())
        self.driver.pump()
        return result

    async def _queue(self) -> None:
        """Hand all objects over, waiting where the window is full."""
        about = self.options.info or None
        flags = ObjectFlag.FILE if self.options.files else ObjectFlag(0)
        for number in range(self.options.count):
            send = partial(
                self.core.send_object, self._content(number), info=about, flags=flags
            )
            self._objects.append(await self._when_there_is_room(send))

    async def _stream(self) -> None:
        about = self.options.info or None
        size = self.options.stream_buffer
        stream = self._do(partial(self.core.open_stream, buffer_bytes=size, info=about))
        self._objects.append(stream)
        for number in range(self.options.count):
            message = self._content(number)
            await self._when_there_is_room(partial(self.core.write, stream, message))
        self._do(partial(self.core.flush, stream))

    async def _when_there_is_room(self, verb: Callable[..., Any]) -> Any:
        while True:
            try:
                return self._do(verb)
            except UsageError:
                await self.rest(0.01)

    def _content(self, number: int) -> bytes:
        return Random(self.options.seed + number).randbytes(self.options.size)

    async def _settle(self, within: float) -> bool:
        """Wait for the acks, or else for the end of flushing."""
        if not self.options.ack:
            return await self._wait(departures.TransmissionIdle, within)
        self._do(partial(self.core.watermark, self.options.ack))
        return await self._wait(departures.WatermarkEnded, within)

    async def _wait(self, awaited: type[departures.SenderEvent], within: float) -> bool:
        self._awaited = awaited
        return await self.until(lambda: self._awaited is None, within)

    def handle(self, event: departures.SenderEvent) -> None:
        if type(event) is self._awaited:
            self._awaited = None
        match event:
            case departures.ObjectSent(number):
                tell("sent", id=number)
            case departures.ObjectPurged(number):
                tell("purged", id=number)
            case departures.TransmissionIdle():
                tell("flushed")
            case departures.CommandSent():
                tell("command-sent")
            case departures.WatermarkEnded(_, status):
                for node, answer in status.items():
                    tell("ack", node=node, status=answer.name)
                complete = all(s is AckStatus.SUCCESS for s in status.values())
                tell("acks", complete=complete)
            case departures.AckReceived(node, ack_type, ack_id, payload):
                tell("answer", node=node, type=ack_type, id=ack_id, data=payload.hex())
            case departures.RequestEnded(ack_type, _, status):
                told = {str(node): s.name for node, s in status.items()}
                tell("request-ended", type=ack_type, status=told)
            case _:
                pass


def _sender_config(options: Namespace) -> sending.SenderConfig:
    return sending.SenderConfig(
        options.node,
        options.instance,
        Coding(options.segment, options.block, options.parity, FecId(options.fec)),
        auto_parity=options.auto_parity,
        backoff=options.backoff,
        members=options.group_size,
        initial_grtt_s=options.grtt,
        robust=options.robust,
        patience_s=options.patience,
        kept_objects=options.cache,
    )


class OurReceiver(Peer):
    """Takes whatever comes until it has seen enough."""

    def __init__(self, options: Namespace) -> None:
        config = ReceiverConfig(
            options.node,
            join=_JOINS[options.sync],
            unicast=options.unicast_nacks,
            silent=options.silent,
            objects=options.objects,
        )
        self.core = Receiver(config, Random(options.dice + 1))
        super().__init__(options, self.core)
        self._streams: dict[int, bytearray] = {}
        self._finished = 0

    async def run(self) -> bool:
        """Return whether all came in time."""
        released = asyncio.Event()
        self.driver.loop.add_signal_handler(signal.SIGINT, released.set)
        self.driver.start()
        tell("ready")
        enough = await self.until(self._enough, self.options.timeout)
        with suppress(TimeoutError):
            await asyncio.wait_for(released.wait(), self.options.hold)
        self.tell_drops()
        return enough

    def _enough(self) -> bool:
        if self.options.stream_bytes:
            received = sum(map(len, self._streams.values()))
            return received >= self.options.stream_bytes
        return 0 < self.options.count <= self._finished

    def handle(self, event: arrivals.ReceiverEvent) -> None:
        match event:
            case arrivals.ObjectReceived():
                self._object(event)
            case arrivals.StreamReceived():
                self._stream(event)
            case arrivals.StreamGap(_, number, segments):
                tell("gap", id=number, segments=segments)
            case arrivals.StreamEnded(key, number):
                self._finished += 1
                total = self._streams.get(number, b"")
                facts = {"id": number, "kind": "STREAM", "node": key.source}
                tell("object", **facts, size=len(total), sha256=_digest(total))
            case arrivals.InfoReceived(_, number, info):
                tell("info", id=number, info=info.hex())
            case arrivals.ObjectLost(_, number, reason):
                tell("aborted", id=number, reason=reason.name)
            case arrivals.CommandReceived(key, content):
                tell("command", node=key.source, data=content.hex())
            case _:
                self._sender(event)

    def _sender(self, event: arrivals.ReceiverEvent) -> None:
        match event:
            case arrivals.SenderFound(key):
                tell("sender", node=key.source, instance=key.instance)
            case arrivals.SenderEnded(key):
                tell("sender-ended", node=key.source)
            case arrivals.SenderLost(key):
                tell("sender-lost", node=key.source)
            case arrivals.AckRequested(key, ack_type, ack_id):
                answer = partial(self.core.answer, key, ack_type, ack_id, b"yes")
                answer(now=self.driver.time())
            case _:
                pass

    def _object(self, event: arrivals.ObjectReceived) -> None:
        self._finished += 1
        assert isinstance(event.sink, MemorySink)
        data = event.sink.data
        tell(
            "object",
            id=event.object,
            kind="FILE" if event.flags & ObjectFlag.FILE else "DATA",
            node=event.sender.source,
            size=event.size_bytes,
            info=(event.info or b"").hex(),
            sha256=_digest(data),
        )

    def _stream(self, event: arrivals.StreamReceived) -> None:
        total = self._streams.setdefault(event.object, bytearray())
        at = event.message_at
        begins = None if at is None else len(total) + at
        total += event.data
        tell("stream", id=event.object, size=len(total), message_at=begins)


def _digest(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


def _parser() -> ArgumentParser:
    whole, send, receive = parsers("ours", __doc__)
    send.add_argument("--request", type=numbers, default=[], help="acks of TYPE,TYPE")
    send.add_argument("--patience", type=float, default=1.0, help="with silent nodes")
    send.add_argument("--end", action="store_true", help="say so, before hold")
    receive.add_argument("--objects", type=int, default=4096, help="open at most")
    return whole


async def _run(options: Namespace) -> bool:
    peer = (OurSender if options.role == "send" else OurReceiver)(options)
    try:
        return await peer.run()
    finally:
        peer.driver.close()


def main() -> int:
    done = asyncio.run(_run(_parser().parse_args()))
    tell("end", done=done)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
