import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.norm.numbers import unwrap
from groupwire.norm.repair.requests import Numbering, Scheme, needs_of, requests_of
from groupwire.norm.repair.state import Need, RepairState
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
    decode_requests,
)

NEAR = 100_000
LENGTH = 20
FEC_5 = Scheme(FecId.REED_SOLOMON_8)
SCHEMES = [
    FEC_5,
    Scheme(FecId.REED_SOLOMON_M),
    Scheme(FecId.REED_SOLOMON_M, 16),
    Scheme(FecId.SMALL_BLOCK),
]


def numbering(scheme: Scheme = FEC_5) -> Numbering:
    """Count objects and blocks from near NEAR."""
    return Numbering(
        lambda bits: unwrap(bits, NEAR, 16),
        lambda _, bits: unwrap(bits, NEAR, scheme.block_bits),
        lambda *_: LENGTH,
    )


def needs() -> st.SearchStrategy[Need]:
    near = st.integers(NEAR - 200, NEAR + 200)
    pairs = st.tuples(near, near).map(sorted)
    return st.one_of(
        pairs.map(lambda p: Need(*p)),
        pairs.map(lambda p: Need(*p, info=True)),
        st.builds(lambda o, p: Need(o, o, False, *p), near, pairs),
        st.builds(
            lambda o, b, bits: Need(o, o, False, b, b, bits),
            near,
            near,
            st.integers(1, 2**255 - 1),
        ),
    )


def state_of(asked: list[Need]) -> RepairState:
    state = RepairState()
    for need in asked:
        state.add(need)
    return state


@given(st.lists(needs(), max_size=8), st.sampled_from(SCHEMES), st.integers(64, 1400))
def test_needs_come_back_from_the_wire_as_they_were(
    asked: list[Need], scheme: Scheme, limit: int
) -> None:
    state = state_of(asked)
    read = RepairState()
    for requests in requests_of(state, scheme, numbering(scheme), limit):
        data = b"".join(request.encode(scheme.field_bits) for request in requests)
        assert 0 < len(data) <= limit
        assert decode_requests(data, 0, scheme.field_bits) == requests
        for need in needs_of(requests, numbering(scheme)):
            read.add(need)
    assert list(read) == list(state)


def test_requests_are_items_or_ranges_by_level() -> None:
    asked = [
        Need(NEAR, NEAR),
        Need(NEAR + 1, NEAR + 2, info=True),
        Need(NEAR + 1, NEAR + 1, False, 5, 5),
        Need(NEAR + 1, NEAR + 1, False, 7, 9),
        Need(NEAR + 1, NEAR + 1, False, 11, 11, 0b1011),
    ]
    (requests,) = requests_of(asked, FEC_5, numbering(), 1400)
    forms, levels = RepairForm, RepairLevel
    assert [(r.form, r.level, len(r.items)) for r in requests] == [
        (forms.ITEMS, levels.OBJECT, 1),
        (forms.RANGES, levels.INFO, 2),
        (forms.ITEMS, levels.BLOCK, 1),
        (forms.RANGES, levels.BLOCK, 2),
        (forms.RANGES, levels.SEGMENT, 2),
        (forms.ITEMS, levels.SEGMENT, 1),
    ]
    assert [item.payload_id.symbol for item in requests[4].items] == [0, 1]


def test_items_of_one_level_share_a_request() -> None:
    asked = [Need(n, n, False, 1, 1) for n in range(NEAR, NEAR + 9)]
    ((request,),) = requests_of(asked, FEC_5, numbering(), 1400)
    assert len(request.items) == 9


def test_only_small_block_codes_tell_the_length_of_a_block() -> None:
    for scheme in SCHEMES:
        ((request,),) = requests_of([Need(1, 1, False, 2, 2)], scheme, numbering(), 64)
        told = LENGTH if scheme.fec_id is FecId.SMALL_BLOCK else 0
        assert request.items[0].payload_id.block_length == told


def test_nothing_needs_no_message() -> None:
    assert list(requests_of([], FEC_5, numbering(), 1400)) == []


def test_a_range_goes_out_where_there_is_room_for_nothing_else() -> None:
    contents = list(requests_of([Need(1, 5), Need(9, 9)], FEC_5, numbering(), 1))
    assert [len(requests) for requests in contents] == [1, 1]


def test_no_message_asks_for_more_than_another_reads() -> None:
    """Each block has one symbol and one range: requests of one and two items each."""
    asked = [Need(1, 1, False, b, b, 0b1101) for b in range(4000)]
    for requests in requests_of(asked, FEC_5, numbering(), 65_000):
        assert decode_requests(b"".join(r.encode() for r in requests), 0) == requests


def item(number: int = NEAR, block: int = NEAR, symbol: int = 0) -> RepairItem:
    where = PayloadId(block & 0xFF_FFFF, symbol)
    return RepairItem(FecId.REED_SOLOMON_8, number & 0xFFFF, where)


def read(form: RepairForm, level: RepairLevel, *items: RepairItem) -> list[Need]:
    return list(needs_of([RepairRequest(form, level, items)], numbering()))


def test_an_erasure_count_asks_for_so_many_symbols() -> None:
    (need,) = read(RepairForm.ERASURES, RepairLevel.SEGMENT, item(symbol=3))
    assert need == Need(NEAR, NEAR, False, NEAR, NEAR, 0b111)


def test_no_more_erasures_are_counted_than_a_code_has_symbols() -> None:
    (need,) = read(RepairForm.ERASURES, RepairLevel.SEGMENT, item(symbol=0xFFFF))
    assert need.symbols is not None
    assert need.symbols.bit_count() == 2048


def test_erasures_of_nothing_ask_for_nothing() -> None:
    assert read(RepairForm.ERASURES, RepairLevel.SEGMENT, item()) == []


@pytest.mark.parametrize("level", [RepairLevel.BLOCK, RepairLevel.SEGMENT])
def test_the_info_may_be_asked_for_beside_something_else(level: RepairLevel) -> None:
    """As the reference implementation does while it lacks the info."""
    info, other = read(RepairForm.ITEMS, RepairLevel.INFO | level, item(symbol=2))
    assert info == Need(NEAR, NEAR, info=True)
    symbols = None if level is RepairLevel.BLOCK else 0b100
    assert other == Need(NEAR, NEAR, False, NEAR, NEAR, symbols)


def test_a_whole_object_is_more_than_anything_in_it() -> None:
    everything = RepairLevel(15)
    assert read(RepairForm.ITEMS, everything, item()) == [Need(NEAR, NEAR)]


@pytest.mark.parametrize(
    ("level", "first", "last"),
    [
        (RepairLevel.OBJECT, item(NEAR + 1), item(NEAR)),
        (RepairLevel.INFO, item(NEAR + 1), item(NEAR)),
        (RepairLevel.BLOCK, item(NEAR), item(NEAR + 1)),
        (RepairLevel.BLOCK, item(block=NEAR + 1), item(block=NEAR)),
        (RepairLevel.SEGMENT, item(block=NEAR), item(block=NEAR + 1)),
        (RepairLevel.SEGMENT, item(symbol=2), item(symbol=1)),
        (RepairLevel(0), item(), item()),
    ],
)
def test_a_range_that_cannot_be_asks_for_nothing(
    level: RepairLevel, first: RepairItem, last: RepairItem
) -> None:
    assert read(RepairForm.RANGES, level, first, last) == []


def test_a_symbol_that_no_code_has_asks_for_nothing() -> None:
    where = PayloadId(0, 2048, 64)
    far = RepairItem(FecId.SMALL_BLOCK, NEAR & 0xFFFF, where)
    assert read(RepairForm.ITEMS, RepairLevel.SEGMENT, far) == []
