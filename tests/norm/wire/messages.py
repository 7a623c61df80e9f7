"""Every message that NORM has: strategies for any, and an example of each kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from groupwire.norm.wire.commands import (
    AckRequest,
    ApplicationCommand,
    CongestionFlag,
    CongestionProbe,
    EndOfTransmission,
    Flush,
    NodeState,
    RepairAdvertisement,
    Squelch,
)
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions, ObjectInfo
from groupwire.norm.wire.feedback import Ack, AckType, FeedbackHead, Nack, Watermark
from groupwire.norm.wire.head import ObjectFlag, SenderState
from groupwire.norm.wire.message import Message
from groupwire.norm.wire.objects import Data, Info
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)

BYTE, SHORT, LONG = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
STATES = st.builds(SenderState, SHORT, BYTE, st.integers(0, 15), st.integers(0, 15))


class Place(NamedTuple):
    """A payload id, and what it takes to write and read it."""

    fec_id: FecId
    field_bits: int
    payload_id: PayloadId


_BLOCK_24 = st.builds(PayloadId, st.integers(0, 2**24 - 1), BYTE)
PLACES = st.one_of(
    st.builds(Place, st.just(FecId.REED_SOLOMON_8), st.just(8), _BLOCK_24),
    st.builds(Place, st.just(FecId.REED_SOLOMON_M), st.just(8), _BLOCK_24),
    st.builds(
        Place,
        st.just(FecId.REED_SOLOMON_M),
        st.just(16),
        st.builds(PayloadId, SHORT, SHORT),
    ),
    st.builds(
        Place,
        st.just(FecId.SMALL_BLOCK),
        st.just(8),
        st.builds(PayloadId, LONG, SHORT, SHORT),
    ),
)
"""Of each scheme: fec_id 5, 2 over both fields, and 129."""

SIZES = st.integers(0, 2**48 - 1)
FTIS = {
    FecId.REED_SOLOMON_8: st.builds(
        ObjectInfo, st.just(FecId.REED_SOLOMON_8), SIZES, SHORT, BYTE, BYTE
    ),
    FecId.REED_SOLOMON_M: st.builds(
        ObjectInfo,
        st.just(FecId.REED_SOLOMON_M),
        SIZES,
        SHORT,
        SHORT,
        SHORT,
        st.sampled_from([8, 16]),
        BYTE,
    ),
    FecId.SMALL_BLOCK: st.builds(
        ObjectInfo,
        st.just(FecId.SMALL_BLOCK),
        SIZES,
        SHORT,
        SHORT,
        SHORT,
        instance=SHORT,
    ),
}
FEEDBACK = st.builds(CongestionFeedback, SHORT, BYTE, BYTE, SHORT, SHORT)
EXTENSIONS = st.builds(
    Extensions,
    feedback=st.none() | FEEDBACK,
    rate=st.none() | SHORT,
    measure=st.booleans(),
)


@st.composite
def _objects(draw: st.DrawFn) -> Data | Info:
    place = draw(PLACES)
    fti = draw(st.none() | FTIS[place.fec_id])
    told = Extensions(fti, draw(st.none() | FEEDBACK))
    head = draw(SHORT), draw(LONG), draw(STATES), ObjectFlag(draw(BYTE)), place.fec_id
    number, payload = draw(SHORT), draw(st.binary(max_size=40))
    if draw(st.booleans()):
        return Info(*head, number, payload, told)
    where, bits = place.payload_id, place.field_bits
    return Data(*head, number, where, payload, told, bits)


@st.composite
def _positioned(draw: st.DrawFn) -> Flush | Squelch:
    place = draw(PLACES)
    head = draw(SHORT), draw(LONG), draw(STATES), place.fec_id, draw(SHORT)
    where, bits = place.payload_id, place.field_bits
    if draw(st.booleans()):
        return Flush(*head, where, tuple(draw(st.lists(LONG))), bits)
    return Squelch(*head, where, tuple(draw(st.lists(SHORT))), bits)


def requests(field_bits: int) -> st.SearchStrategy[RepairRequest]:
    """Return requests over one field; their items are of any scheme."""

    def build(
        form: RepairForm, level: int, places: list[Place], numbers: list[int]
    ) -> RepairRequest:
        items = [
            RepairItem(place.fec_id, number, place.payload_id)
            for place, number in zip(places, numbers, strict=False)
        ]
        if form is RepairForm.RANGES and len(items) % 2:
            items.pop()
        return RepairRequest(form, RepairLevel(level), tuple(items))

    other = 24 - field_bits
    fitting = PLACES.filter(
        lambda p: p.fec_id is not FecId.REED_SOLOMON_M or p.field_bits != other
    )
    return st.builds(
        build,
        st.sampled_from(RepairForm),
        BYTE,
        st.lists(fitting, max_size=4),
        st.lists(SHORT, max_size=4),
    )


@st.composite
def _asking(draw: st.DrawFn) -> Nack | RepairAdvertisement:
    bits = draw(st.sampled_from([8, 16]))
    asked = tuple(draw(st.lists(requests(bits), max_size=4)))
    told = draw(EXTENSIONS)
    if draw(st.booleans()):
        return Nack(draw(SHORT), draw(LONG), draw(TO), asked, told, bits)
    limited = draw(st.booleans())
    head = draw(SHORT), draw(LONG), draw(STATES)
    return RepairAdvertisement(*head, asked, limited, told, bits)


TO = st.builds(FeedbackHead, LONG, SHORT, LONG, LONG)
MARKS = st.builds(
    lambda place, number: Watermark(place.fec_id, number, place.payload_id),
    PLACES,
    SHORT,
)
NODES = st.lists(LONG).map(tuple)
OBJECTS, POSITIONED, ASKING = _objects(), _positioned(), _asking()
COMMANDS = st.one_of(
    st.builds(EndOfTransmission, SHORT, LONG, STATES),
    st.builds(
        CongestionProbe,
        SHORT,
        LONG,
        STATES,
        SHORT,
        LONG,
        LONG,
        st.none() | SHORT,
        st.lists(st.builds(NodeState, LONG, BYTE.map(CongestionFlag), BYTE, SHORT)).map(
            tuple
        ),
        st.booleans(),
    ),
    st.builds(AckRequest, SHORT, LONG, STATES, BYTE, BYTE, NODES),
    st.builds(ApplicationCommand, SHORT, LONG, STATES, st.binary(max_size=40)),
)
ACKS = st.builds(Ack, SHORT, LONG, TO, BYTE, BYTE, st.binary(max_size=20), EXTENSIONS)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    OBJECTS, POSITIONED, ASKING, COMMANDS, ACKS
)


def field_bits(message: Message) -> int:
    """Return what a reader of this message has to know."""
    return getattr(message, "field_bits", 8)


_STATE = SenderState(0x1234, 148, 4, 2)
_SENT = 7, 11, _STATE
_TO = FeedbackHead(11, 0x1234, 5, 600_000)
_FEEDBACK = Extensions(feedback=CongestionFeedback(3, 4, 148, 100, 0x5D24))
_FEC_5, _FEC_129 = FecId.REED_SOLOMON_8, FecId.SMALL_BLOCK
_FTI = Extensions(ObjectInfo(_FEC_5, 1_000_000, 1400, 64, 8))
_ASKED = (
    RepairRequest(
        RepairForm.ITEMS,
        RepairLevel.SEGMENT,
        (RepairItem(_FEC_5, 3, PayloadId(2, 63)),),
    ),
    RepairRequest(
        RepairForm.RANGES,
        RepairLevel.BLOCK,
        (
            RepairItem(_FEC_129, 3, PayloadId(4, 0, 64)),
            RepairItem(_FEC_129, 3, PayloadId(9, 0, 64)),
        ),
    ),
)
_DATA_FLAGS = ObjectFlag.INFO | ObjectFlag.FILE
EXAMPLES: dict[str, Message] = {
    "DATA": Data(*_SENT, _DATA_FLAGS, _FEC_5, 3, PayloadId(2, 63), b"a segment", _FTI),
    "DATA of fec_id 129": Data(
        *_SENT, _DATA_FLAGS, _FEC_129, 3, PayloadId(2, 63, 64), b"a segment"
    ),
    "INFO": Info(*_SENT, _DATA_FLAGS, _FEC_5, 3, b"an info", _FTI),
    "FLUSH": Flush(*_SENT, _FEC_5, 3, PayloadId(2, 63), (0x01020304, 5)),
    "SQUELCH": Squelch(*_SENT, _FEC_129, 3, PayloadId(2, 0, 64), (1, 0x0203)),
    "EOT": EndOfTransmission(*_SENT),
    "CC": CongestionProbe(
        *_SENT,
        3,
        5,
        600_000,
        0x2005,
        (NodeState(9, CongestionFlag.CLR, 148, 0x5D24),),
        measure=True,
    ),
    "REPAIR_ADV": RepairAdvertisement(*_SENT, _ASKED, True, _FEEDBACK),
    "ACK_REQ": AckRequest(*_SENT, 16, 1, (9, 10)),
    "APPLICATION": ApplicationCommand(*_SENT, b"a command"),
    "NACK": Nack(7, 9, _TO, _ASKED, _FEEDBACK),
    "ACK": Ack(
        7,
        9,
        _TO,
        AckType.FLUSH,
        0,
        Watermark(_FEC_5, 3, PayloadId(2, 63)).encode(),
        _FEEDBACK,
    ),
}


def libnorm() -> Iterator[tuple[str, bytes]]:
    """Iterate over what the reference implementation was heard to say."""
    path = Path(__file__).parent / "vectors/libnorm.json"
    for vector in json.loads(path.read_text()):
        yield vector["name"], bytes.fromhex(vector["hex"])
