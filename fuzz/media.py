"""What media read of strangers: RTP, transport streams, announcements, descriptions."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from zlib import crc32

from tests.media.making import clip, packet

from groupwire.errors import UsageError
from groupwire.media.rtp import MediaReader, RtpPacket
from groupwire.media.session.composing import compose
from groupwire.media.session.description import Description
from groupwire.media.session.packet import SapPacket
from groupwire.media.session.table import SessionTable
from groupwire.media.transport import Timetable, TsFramer, ticks_in
from groupwire.values import Datagram, Group, KnownFacts, Origin

from .delivery import CodecTarget
from .mutation import Corpus

__all__ = ["MEDIA_TARGETS", "FramerTarget", "ReaderTarget", "TableTarget"]

_TS_BYTES = 188
_HERE, _THERE = ip_address("10.0.0.1"), ip_address("fe80::1")
_GROUPS = "239.1.2.3:5000", "10.0.0.7@232.1.1.1:5000", "[ff15::1]:5000"
_CLIP = clip(0.5)
_PIECES = [_CLIP[at : at + 1316] for at in range(0, len(_CLIP), 1316)]
_SDP = [
    compose(f"stream {n}", Group.parse(text), form=form, number=n, here=here, ttl=3)
    for n, text in enumerate(_GROUPS)
    for form in ("rtp", "ts")
    for here in (_HERE, _THERE)
]
_LONG = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=x\r\n" + b"m=video 5000 RTP/AVP 33\r\n" * 300
)
Step = Callable[[], None]


def _same(first: object, again: object) -> None:
    if first != again:
        raise AssertionError(f"{first} came back as {again}")


def _rtp(number: int, data: bytes) -> bytes:
    return RtpPacket(33, number, 90 * number, 7, data, number == 0).encode()


def _saps() -> list[bytes]:
    packets = [
        SapPacket(here, 1 + n, text, deletes=deletes).encode()
        for n, text in enumerate(_SDP)
        for here in (_HERE, _THERE)
        for deletes in (False, True)
    ]
    head = packets[0][:8]
    packed = bytes((head[0] | 1,)) + head[1:] + zlib.compress(packets[0][8:])
    bomb = bytes((head[0] | 1,)) + head[1:] + zlib.compress(bytes(10_000_000))
    return [*packets, packed, bomb]


def _announcement(data: bytes) -> None:
    read = SapPacket.decode(data)
    _same(read, SapPacket.decode(read.encode()))


def _description(data: bytes) -> None:
    description = Description.decode(data)
    for media in description.media:
        _same((media.group, media.form), (media.group, media.form))


class ReaderTarget:
    """A reader of RTP and of plain packets: what it gives out is whole."""

    name, variants, inputs, remembers = "media-reader", 2, 512, True

    def corpus(self, variant: int) -> Corpus:
        if variant:
            return Corpus([*_PIECES, b"\x47"], [_CLIP[:65_424]])
        rows = [_rtp(n, data) for n, data in enumerate(_PIECES)]
        far = [_rtp(n * 9000, data) for n, data in enumerate(_PIECES[:7])]
        return Corpus([*rows, *far], [_rtp(3, _CLIP[:65_424])])

    def start(self, variant: int) -> Callable[[bytes], tuple[Step, ...]]:  # noqa: ARG002
        reader = MediaReader()
        now = 0.0
        given = 0

        def feed(data: bytes) -> tuple[Step, ...]:
            nonlocal now
            drawn = crc32(data)
            now += (0.001, 0.001, 0.001, 0.2, 3.0)[drawn % 5]
            origin = Origin("10.0.0.1", 5000 + (not drawn & 0xF0))
            step = 1316 if not drawn & 0xF00 else 0
            datagram = Datagram(data, origin, 1, KnownFacts(), 0, step)
            return partial(hear, datagram, now), partial(wait, now)

        def hear(datagram: Datagram, at: float) -> None:
            reader.handle_datagram(datagram, now=at)
            look()

        def wait(at: float) -> None:
            due = reader.poll_timeout()
            if due is not None and due <= at:
                reader.handle_timeout(now=at)
            look()

        def look() -> None:
            nonlocal given
            while (data := reader.poll_data()) is not None:
                given += len(data)
                if len(data) % _TS_BYTES or data[::_TS_BYTES].strip(b"\x47"):
                    raise AssertionError(f"{len(data)} bytes are no packets")
            _same(reader.stats.size_bytes, given)

        return feed


class FramerTarget:
    """Bytes that may be a transport stream, framed and put on a timetable."""

    name, variants, inputs, remembers = "transport", 2, 512, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        odd = [packet(n, pcr=n * 2**30, jumps=bool(n & 1), length=n) for n in range(9)]
        return Corpus([*_PIECES, *odd, b"\x47" * 400], [_CLIP[:60_000]])

    def start(self, variant: int) -> Callable[[bytes], tuple[Step, ...]]:
        framer = TsFramer()
        table = Timetable(rate_bps=2e6 if variant else None)
        now = 0.0
        taken = given = 0

        def feed(data: bytes) -> tuple[Step, ...]:
            nonlocal now
            now += 0.001 * (crc32(data) & 0xFF)
            return (partial(frame, data, now),)

        def frame(data: bytes, at: float) -> None:
            nonlocal taken, given
            taken += len(data)
            packets = framer.feed(data)
            given += len(packets)
            if len(packets) % _TS_BYTES or packets[::_TS_BYTES].strip(b"\x47"):
                raise AssertionError(f"{len(packets)} bytes are no packets")
            if given + framer.skipped_bytes > taken:
                raise AssertionError("more comes out than went in")
            for tick in ticks_in(packets):
                _same(tick.number < len(packets) // _TS_BYTES, True)
            with suppress(UsageError):  # too much without a clock
                table.feed(packets, now=at)
            table.take(at)

        return feed


class TableTarget:
    """A list of what strangers announce."""

    name, variants, inputs, remembers = "announcements", 1, 512, True

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return Corpus(_saps()[:-1], [_saps()[-1]])

    def start(self, variant: int) -> Callable[[bytes], tuple[Step, ...]]:  # noqa: ARG002
        table = SessionTable()
        now = 1.7e9

        def feed(data: bytes) -> tuple[Step, ...]:
            nonlocal now
            drawn = crc32(data)
            now += 0.1 if drawn & 0xFF else 7200.0
            origin = Origin(f"10.0.0.{drawn >> 8 & 3}", 9875)
            return partial(hear, data, origin, now), partial(wait, now)

        def hear(data: bytes, origin: Origin, at: float) -> None:
            before = table.count
            events: Sequence[object] = table.handle_datagram(data, origin, now=at)
            if abs(table.count - before) > len(events):
                raise AssertionError("a session came or went without a word")

        def wait(at: float) -> None:
            table.expire(now=at)

        return feed


MEDIA_TARGETS = (
    ReaderTarget(),
    FramerTarget(),
    TableTarget(),
    CodecTarget("announcement", Corpus(_saps()[:-1], [_saps()[-1]]), _announcement),
    CodecTarget("description", Corpus(_SDP, [_LONG]), _description),
)
