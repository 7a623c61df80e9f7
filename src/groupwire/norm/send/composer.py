"""From rows of symbols and commands to datagrams, numbered one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupwire.norm.coding import Coding
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.content import Symbol
from groupwire.norm.send.outgoing import Outgoing, Row
from groupwire.norm.wire.batch import build_segment, build_segments
from groupwire.norm.wire.extensions import Extensions
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.quantise import pack_group_size, pack_rtt
from groupwire.values import Transmit

__all__ = ["Composer"]

_BLOCKS = 0xFF_FFFF
"""In payload ids of fec_id 5 and 2, above the eight bits of a symbol."""


class Composer:
    """Fills in who sends and the sequence number; the caller says the rest."""

    def __init__(self, config: SenderConfig) -> None:
        self._config = config
        self._coding: Coding = config.coding
        self._members = pack_group_size(config.members)
        self._grtt_s = 0.0
        self._sequence = 0
        self._key: tuple[int, ObjectFlag] | None = None
        self._header = b""
        self.state = SenderState(config.instance, 0, config.backoff, self._members)
        self.set_grtt(config.initial_grtt_s)

    def set_grtt(self, seconds: float) -> None:
        """Tell this round trip from now on."""
        if seconds == self._grtt_s:
            return
        self._grtt_s = seconds
        self.state = SenderState(
            self._config.instance,
            pack_rtt(seconds),
            self._config.backoff,
            self._members,
        )
        self._key = None

    def number(self, count: int = 1) -> int:
        """Take sequence numbers and return the first."""
        first = self._sequence
        self._sequence = (first + count) & 0xFFFF
        return first

    def info(self, outgoing: Outgoing, *, again: bool) -> Transmit:
        """Return an object's INFO."""
        extra = ObjectFlag.REPAIR if again else ObjectFlag(0)
        info = Info(
            self.number(),
            self._config.node,
            self.state,
            outgoing.flags | extra,
            self._coding.fec_id,
            outgoing.number & 0xFFFF,
            outgoing.info or b"",
            Extensions(outgoing.head.fti),
        )
        return Transmit(info.encode())

    def row(self, outgoing: Outgoing, row: Row) -> Iterator[Transmit]:
        """Iterate over the fewest transmits that carry a row."""
        if self._coding.fec_id is FecId.SMALL_BLOCK:
            yield from self._one_by_one(outgoing, row)
            return
        header = self._header_of(outgoing, row.flags)
        for first, stop in _even_stretches(row.payloads):
            payloads = row.payloads[first:stop]
            ids = _ids(row.keys[first:stop])
            sequence = self.number(stop - first)
            if stop - first == 1:
                yield Transmit(build_segment(header, sequence, ids[0], *payloads))
            else:
                data = build_segments(header, sequence, ids, payloads)
                yield Transmit(data, None, len(header) + len(payloads[0]))

    def segment(
        self, outgoing: Outgoing, parts: Sequence[bytes | memoryview]
    ) -> tuple[Transmit, memoryview]:
        """Return the transmit of the symbol that comes next in a block, and the symbol.

        It is put together only here: what is kept of it is a view of what is sent.
        """
        header = self._header_of(outgoing, outgoing.flags)
        where = (outgoing.block & _BLOCKS) << 8 | outgoing.symbol
        data = build_segment(header, self.number(), where, *parts)
        return Transmit(data), memoryview(data)[len(header) :]

    def _header_of(self, outgoing: Outgoing, flags: ObjectFlag) -> bytes:
        key = outgoing.number, flags
        if key != self._key:
            self._key = key
            self._header = self._data(outgoing, flags, PayloadId(0, 0), b"")
        return self._header

    def _one_by_one(self, outgoing: Outgoing, row: Row) -> Iterator[Transmit]:
        for (block, symbol), payload in zip(row.places, row.payloads, strict=True):
            where = PayloadId(block, symbol, outgoing.content.length(block))
            data = self._data(outgoing, row.flags, where, payload, self.number())
            yield Transmit(data)

    def _data(
        self,
        outgoing: Outgoing,
        flags: ObjectFlag,
        where: PayloadId,
        payload: Symbol,
        sequence: int = 0,
    ) -> bytes:
        data = Data(
            sequence,
            self._config.node,
            self.state,
            flags,
            self._coding.fec_id,
            outgoing.number & 0xFFFF,
            where,
            payload,
            Extensions(outgoing.head.fti),
            self._coding.field_bits,
        )
        return data.encode()


def _ids(keys: list[int]) -> Sequence[int]:
    """Return payload ids of fec_id 5 and 2: a block of 24 bits, a symbol of 8."""
    first = keys[0] >> 8 & 0xFFFF_FF00 | keys[0] & 0xFF
    if keys[-1] - keys[0] == len(keys) - 1:
        # In order: keys never come twice, nor lower ones behind higher ones.
        return range(first, first + len(keys))
    return [key >> 8 & 0xFFFF_FF00 | key & 0xFF for key in keys]


def _even_stretches(payloads: Sequence[Symbol]) -> Iterator[tuple[int, int]]:
    """Cut where lengths change: all of a stretch but its last are equally long."""
    sizes = list(map(len, payloads))
    first, count = 0, len(sizes)
    while first < count:
        stop = first + 1
        if sizes.count(sizes[first]) == count:
            stop = count
        while stop < count and sizes[stop - 1] == sizes[first] >= sizes[stop]:
            stop += 1
        yield first, stop
        first = stop
