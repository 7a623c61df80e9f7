"""A NORM sender or receiver made of libnorm1, which tells what happens in JSON lines.

    python -m tests.interop.norm_peer send --group 239.7.7.7 --port 6003 --size 100000
    python -m tests.interop.norm_peer receive --group 239.7.7.7 --port 6003 --count 1

Both say ``ready`` when they have joined and ``end`` as the last thing; the exit code is
1 where the time was over first. A receiver that is interrupted ends when it has enough.
Object and message number n, counted from 0, is ``random.Random(seed + n)``'s
``randbytes(size)``.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.interop.libnorm import (
    AckStatus,
    Event,
    Happening,
    Instance,
    LibnormError,
    ObjectType,
    Session,
    SyncPolicy,
    call,
    command,
    content,
    info,
    read_stream,
)
from tests.interop.options import parsers

_PASSIVE, _NO_PROBES, _ACTIVE_PROBES = 1, 0, 2
_RECEIVERS = 1
"""NORM_TRACK_RECEIVERS"""
_BUFFER_BYTES = 64 << 20
_SOCKET_BYTES = 8 << 20


def tell(event: str, **facts: object) -> None:
    """Say one thing that has happened."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


class Peer:
    """What a sender and a receiver have in common."""

    def __init__(self, options: Namespace, directory: Path) -> None:
        self.options = options
        self.directory = directory
        self.instance = Instance(directory)
        self.session = self.instance.session(options.group, options.port, options.node)
        self.session.share(options.interface)
        self.session.call("SetTxLoss", options.tx_loss)
        self.session.call("SetRxLoss", options.rx_loss)
        self.spoiled = False
        """Whether the library would crash if it were taken down."""

    def events(self, until: float) -> Iterator[Happening]:
        """Iterate over what happens until a time of the monotonic clock."""
        while (left := until - time.monotonic()) > 0:
            if (happening := self.instance.next(left)) is not None:
                yield happening


class Sender(Peer):
    """Sends all it has, waits for whom it has to, and keeps repairing for a while."""

    def __init__(self, options: Namespace, directory: Path) -> None:
        super().__init__(options, directory)
        self._kept: list[bytes] = []
        """The library reads data objects where they lie, as long as it lives."""
        self._objects: list[int] = []
        self._sent = 0
        self._rate = 0.0
        _set_up_sender(self.session, options)

    def run(self) -> bool:
        """Return whether all was done in time."""
        deadline = time.monotonic() + self.options.timeout
        tell("ready")
        self._command()
        last = self._stream(deadline) if self.options.stream else self._queue(deadline)
        done = self._settle(last, deadline)
        self._acks()
        if self.options.stream:
            done = self._end_stream(last, deadline) and done
        for number in self.options.cancel:
            call("ObjectCancel", self._objects[number])
            tell("cancelled", id=number)
        self._serve(time.monotonic() + self.options.hold)
        return done

    def _command(self) -> None:
        if self.options.command:
            self.session.need(
                "SendCommand", self.options.command, len(self.options.command), True
            )

    def _queue(self, deadline: float) -> int:
        """Hand all objects over, waiting where the library's queue is full."""
        for number in range(self.options.count):
            while (object_ := self._enqueue(number)) is None:
                self._serve(min(deadline, time.monotonic() + 0.05))
                if time.monotonic() > deadline:
                    raise LibnormError("the queue is full for too long")
            self._objects.append(object_)
        return self._objects[-1]

    def _enqueue(self, number: int) -> int | None:
        names = self.options.name
        own = names[number].encode() if number < len(names) else self.options.info
        about = (own or None, len(own))
        data = self._content(number)
        if self.options.files:
            path = self.directory / f"object-{number}"
            path.write_bytes(data)
            return self.session.call("FileEnqueue", str(path).encode(), *about)
        self._kept.append(data)
        return self.session.call("DataEnqueue", data, len(data), *about)

    def _content(self, number: int) -> bytes:
        return Random(self.options.seed + number).randbytes(self.options.size)

    def _stream(self, deadline: float) -> int:
        """Write all messages into one stream and end it."""
        about = (self.options.info or None, len(self.options.info))
        stream = self.session.need("StreamOpen", self.options.stream_buffer, *about)
        for number in range(self.options.count):
            self._write(stream, self._content(number), deadline)
            call("StreamMarkEom", stream)
            if self.options.each:
                call("StreamFlush", stream, True, _PASSIVE)
        call("StreamFlush", stream, True, _PASSIVE)
        return stream

    def _write(self, stream: int, message: bytes, deadline: float) -> None:
        while message:
            written = call("StreamWrite", stream, message, len(message))
            message = message[written:]
            if message:
                self._serve(min(deadline, time.monotonic() + 0.01))
                if time.monotonic() > deadline:
                    raise LibnormError("the stream is full for too long")

    def _settle(self, last: int, deadline: float) -> bool:
        """Wait for the acks, or else for the end of flushing."""
        awaited = Event.TX_FLUSH_COMPLETED
        if self.options.ack or self.options.find:
            self.session.need("SetWatermark", last, True)
            awaited = Event.TX_WATERMARK_COMPLETED
        return self._wait(awaited, deadline)

    def _end_stream(self, stream: int, deadline: float) -> bool:
        """Send STREAM_END: receivers forget what the application has not read."""
        call("StreamClose", stream, True)
        return self._wait(Event.TX_FLUSH_COMPLETED, deadline)

    def _wait(self, awaited: Event, deadline: float) -> bool:
        for happening in self.events(deadline):
            self._tell(happening)
            if happening.event is awaited:
                return True
        return False

    def _acks(self) -> None:
        for node, status in self.session.ack_status(self.options.ack).items():
            tell("ack", node=node, status=status.name)
        succeeded = self.session.ack_status(self.options.ack).values()
        if self.options.ack:
            tell("acks", complete=all(s is AckStatus.SUCCESS for s in succeeded))

    def _serve(self, until: float) -> None:
        for happening in self.events(until):
            self._tell(happening)

    def _tell(self, happening: Happening) -> None:
        match happening.event:
            case Event.TX_OBJECT_SENT:
                tell("sent", id=self._sent)
                self._sent += 1
            case Event.TX_OBJECT_PURGED:
                tell("purged")
            case Event.TX_FLUSH_COMPLETED:
                tell("flushed")
            case Event.ACKING_NODE_NEW if happening.sender is not None:
                self.options.ack.append(call("NodeGetId", happening.sender))
                tell("found", node=self.options.ack[-1])
            case Event.TX_CMD_SENT:
                tell("command-sent")
            case Event.GRTT_UPDATED:
                tell("grtt", seconds=self.session.call("GetGrttEstimate"))
            case Event.TX_RATE_CHANGED:
                self._tell_rate()
            case Event.CC_ACTIVE | Event.CC_INACTIVE | Event.SEND_ERROR as event:
                tell(event.name.lower().replace("_", "-"))
            case _:
                pass

    def _tell_rate(self) -> None:
        rate = self.session.call("GetTxRate")
        if rate != self._rate:
            self._rate = rate
            tell("rate", bits_per_s=rate)


def _set_up_sender(session: Session, options: Namespace) -> None:
    session.call("SetTxRate", options.rate)
    session.call("SetCongestionControl", options.cc or options.cc_fixed, options.cc)
    session.call("SetGrttEstimate", options.grtt)
    session.call("SetGrttProbingMode", _ACTIVE_PROBES if options.probe else _NO_PROBES)
    if options.probe:
        session.call("SetGrttProbingInterval", options.probe, options.probe)
    session.call("SetBackoffFactor", options.backoff)
    session.call("SetGroupSize", options.group_size)
    session.call("SetTxRobustFactor", options.robust)
    session.call("SetTxCacheBounds", 1 << 30, min(8, options.cache), options.cache)
    session.call("LimitObjectInfo", options.fti_in_info)
    code = (options.segment, options.block, options.parity, options.fec)
    session.need("StartSender", options.instance, _BUFFER_BYTES, *code)
    session.call("SetAutoParity", options.auto_parity)
    session.call("SetTxSocketBuffer", _SOCKET_BYTES)
    for node in options.ack:
        session.need("AddAckingNode", node)
    if options.find:
        session.call("SetAutoAckingNodes", _RECEIVERS)


class Receiver(Peer):
    """Takes whatever comes until it has seen enough."""

    def __init__(self, options: Namespace, directory: Path) -> None:
        super().__init__(options, directory)
        self._numbers: dict[int, int] = {}
        """The library uses handles again, but not before an object's end."""
        self._next = 0
        self._streams: dict[int, bytearray] = {}
        self._finished = 0
        self._holding = self._released = False
        self._rest = 0
        """Of the message of a stream that is being read."""
        _set_up_receiver(self.session, options)

    def run(self) -> bool:
        """Return whether all came in time."""
        signal.signal(signal.SIGINT, self._release)
        tell("ready")
        for happening in self.events(time.monotonic() + self.options.timeout):
            self._handle(happening)
            if self._enough():
                break
        enough = self._enough()
        with suppress(KeyboardInterrupt):
            self._hold()
        return enough

    def _hold(self) -> None:
        """Let the library answer the last flush."""
        self._holding = True
        if self._released:
            return
        for happening in self.events(time.monotonic() + self.options.hold):
            self._handle(happening)

    def _release(self, *_: object) -> None:
        """Hold no longer than until there is enough."""
        self._released = True
        if self._holding:
            raise KeyboardInterrupt

    def _enough(self) -> bool:
        if self.options.stream_bytes:
            received = sum(map(len, self._streams.values()))
            return received >= self.options.stream_bytes
        return 0 < self.options.count <= self._finished

    def _handle(self, happening: Happening) -> None:
        if happening.object is not None:
            self._handle_object(happening.event, happening.object)
        elif happening.sender is not None:
            self._handle_sender(happening.event, happening.sender)

    def _handle_object(self, event: Event, of: int) -> None:
        match event:
            case Event.RX_OBJECT_NEW:
                tell("new", **self._facts(of))
            case Event.RX_OBJECT_UPDATED if _kind(of) is ObjectType.STREAM:
                self._read(of)
            case Event.RX_OBJECT_COMPLETED:
                self._complete(of)
            case Event.RX_OBJECT_ABORTED:
                tell("aborted", id=self._number(of))
                del self._numbers[of]
            case _:
                pass

    def _handle_sender(self, event: Event, sender: int) -> None:
        node = call("NodeGetId", sender)
        match event:
            case Event.RX_CMD_NEW:
                # Their buffers it frees twice, some of the time.
                self.spoiled = True
                if (data := command(sender)) is not None:
                    tell("command", node=node, data=data.hex())
            case Event.REMOTE_SENDER_NEW:
                tell("sender", node=node)
            case Event.REMOTE_SENDER_RESET:
                tell("sender-reset", node=node)
            case Event.REMOTE_SENDER_ACTIVE:
                tell("sender-active", node=node)
            case Event.REMOTE_SENDER_INACTIVE:
                tell("sender-inactive", node=node)
            case Event.GRTT_UPDATED:
                tell("grtt", node=node, seconds=call("NodeGetGrtt", sender))
            case _:
                pass

    def _number(self, of: int) -> int:
        if of not in self._numbers:
            self._numbers[of] = self._next
            self._next += 1
        return self._numbers[of]

    def _facts(self, of: int) -> dict[str, object]:
        return {
            "id": self._number(of),
            "kind": _kind(of).name,
            "node": call("NodeGetId", call("ObjectGetSender", of)),
            "size": call("ObjectGetSize", of),
        }

    def _read(self, stream: int) -> None:
        """Take all that the stream has; a gap means that some of it is lost."""
        total = self._streams.setdefault(stream, bytearray())
        before = len(total)
        read = self._read_message if self.options.message else read_stream
        while (data := read(stream)) != b"":
            if data is None:
                tell("gap", id=self._number(stream), at=len(total))
            else:
                total += data
        if len(total) > before:
            self._tell_stream("stream", stream, total, bytes(total[before:]))

    def _read_message(self, stream: int) -> bytes | None:
        """Read from where the library says that a message begins, and only one."""
        if not self._rest:
            if not call("StreamSeekMsgStart", stream):
                return b""
            self._rest = self.options.message
        data = read_stream(stream, self._rest)
        self._rest -= len(data or b"")
        return data

    def _tell_stream(
        self, event: str, stream: int, total: bytearray, fresh: bytes
    ) -> None:
        facts = self._facts(stream) | {"size": len(total), "sha256": _digest(total)}
        shown = {"data": fresh.hex()} if self.options.show else {}
        tell(event, **facts, info=info(stream).hex(), **shown)

    def _complete(self, of: int) -> None:
        self._finished += 1
        if _kind(of) is ObjectType.STREAM:
            self._read(of)
            self._tell_stream("object", of, self._streams[of], b"")
        else:
            data = content(of)
            shown = {"data": data.hex()} if self.options.show else {}
            facts = self._facts(of) | {"info": info(of).hex(), "sha256": _digest(data)}
            tell("object", **facts, **shown)
        del self._numbers[of]


def _set_up_receiver(session: Session, options: Namespace) -> None:
    session.call("SetRxCacheLimit", 4096)
    session.call("SetDefaultUnicastNack", options.unicast_nacks)
    session.call("SetDefaultSyncPolicy", SyncPolicy[options.sync.upper()])
    if options.silent:
        session.call("SetSilentReceiver", True, -1)
    session.need("StartReceiver", _BUFFER_BYTES)
    session.call("SetRxSocketBuffer", _SOCKET_BYTES)


def _kind(of: int) -> ObjectType:
    return ObjectType(call("ObjectGetType", of))


def _digest(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest()


def _parser() -> ArgumentParser:
    whole, send, receive = parsers("norm_peer", __doc__)
    send.add_argument("--cc", action="store_true", help="control congestion")
    send.add_argument("--cc-fixed", action="store_true", help="the same at --rate")
    send.add_argument("--probe", type=float, default=0.5, help="interval; 0: none")
    send.add_argument("--fti-in-info", action="store_true", help="and nowhere else")
    send.add_argument("--name", action="append", default=[], help="info of the next")
    send.add_argument("--find", action="store_true", help="have acks of whoever speaks")
    send.add_argument("--each", action="store_true", help="flush behind each message")
    receive.add_argument("--message", type=int, default=0, help="bytes of each")
    receive.add_argument("--show", action="store_true", help="tell the bytes, too")
    return whole


def main() -> int:
    options = _parser().parse_args()
    ctypes.CDLL(None).srand(options.dice)
    with TemporaryDirectory() as directory:
        peer = (Sender if options.role == "send" else Receiver)(
            options, Path(directory)
        )
        done = peer.run()
        tell("end", done=done)
        if not peer.spoiled:
            peer.instance.close()
    if peer.spoiled:
        os._exit(not done)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
