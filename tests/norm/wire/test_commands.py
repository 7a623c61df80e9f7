import pytest
from hypothesis import given
from tests.norm.wire.messages import COMMANDS, EXAMPLES, POSITIONED, field_bits

from groupwire.errors import DecodeError
from groupwire.norm.wire.commands import (
    AckRequest,
    ApplicationCommand,
    Command,
    CongestionFlag,
    CongestionProbe,
    EndOfTransmission,
    Flush,
    NodeState,
    RepairAdvertisement,
    Squelch,
    decode_command,
)
from groupwire.norm.wire.extensions import CongestionFeedback, Extensions
from groupwire.norm.wire.head import Head, SenderState
from groupwire.norm.wire.payload import FecId, PayloadId
from groupwire.norm.wire.repairs import (
    RepairForm,
    RepairItem,
    RepairLevel,
    RepairRequest,
)

_SENT = 7, 11, SenderState(0x1234, 148, 4, 2)
_FIRST = "13{:02x}0007 0000000b 1234 94 42"
_ADVERTISED = RepairAdvertisement(
    *_SENT,
    (
        RepairRequest(
            RepairForm.ITEMS,
            RepairLevel.BLOCK,
            (RepairItem(FecId.REED_SOLOMON_8, 3, PayloadId(2, 0)),),
        ),
    ),
    limited=True,
    extensions=Extensions(feedback=CongestionFeedback(3, 4, 148, 0, 0x5D24)),
)


def read(data: bytes, bits: int = 8) -> Command:
    return decode_command(Head.decode(data), data, bits)


@given(COMMANDS | POSITIONED)
def test_a_command_comes_back_as_it_was(command: Command) -> None:
    assert read(command.encode(), field_bits(command)) == command


@pytest.mark.parametrize(
    ("command", "words", "rest"),
    [
        (
            Flush(*_SENT, FecId.REED_SOLOMON_8, 3, PayloadId(2, 63), (9, 0x01020304)),
            5,
            "01 05 0003 0000023f 00000009 01020304",
        ),
        (
            Flush(*_SENT, FecId.SMALL_BLOCK, 3, PayloadId(2, 63, 64)),
            6,
            "01 81 0003 00000002 0040 003f",
        ),
        (EndOfTransmission(*_SENT), 4, "02 000000"),
        (
            Squelch(*_SENT, FecId.REED_SOLOMON_8, 3, PayloadId(2, 0), (1, 0x0203)),
            5,
            "03 05 0003 00000200 0001 0203",
        ),
        (
            CongestionProbe(
                *_SENT,
                3,
                5,
                600_000,
                0x2005,
                (NodeState(9, CongestionFlag.CLR | CongestionFlag.RTT, 148, 0x5D24),),
            ),
            7,
            "04 00 0003 00000005 000927c0 80002005 00000009 05 94 5d24",
        ),
        (CongestionProbe(*_SENT, 3, 5, 1), 6, "04 00 0003 00000005 00000001"),
        (
            _ADVERTISED,
            7,
            "05 01 0000 0303 0003 04 94 0000 5d24 0000 01 02 0008 05 00 0003 00000200",
        ),
        (AckRequest(*_SENT, 16, 1, (9,)), 4, "06 00 10 01 00000009"),
        (ApplicationCommand(*_SENT, b"abc"), 4, "07 000000 616263"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_command_has_the_layout_of_rfc_5740(
    command: Command, words: int, rest: str
) -> None:
    """§4.2.3.1 to §4.2.3.7."""
    data = bytes.fromhex(_FIRST.format(words) + rest)
    assert command.encode() == data
    assert read(data) == command


_CUT = {
    name: EXAMPLES[name]
    for name in (
        "FLUSH",
        "SQUELCH",
        "EOT",
        "CC",
        "REPAIR_ADV",
        "ACK_REQ",
        "APPLICATION",
    )
}


@pytest.mark.parametrize("name", _CUT)
def test_a_header_too_short_for_its_command_is_refused(name: str) -> None:
    data = bytearray(_CUT[name].encode())
    extensions = {"CC": 2, "REPAIR_ADV": 3}.get(name, 0)
    data[1] -= extensions + 1
    with pytest.raises(DecodeError, match="norm-command-cut"):
        read(bytes(data))


def test_a_command_without_a_type_is_refused() -> None:
    with pytest.raises(DecodeError, match="norm-command-cut"):
        read(bytes.fromhex(_FIRST.format(3)))


@pytest.mark.parametrize("kind", [0, 8, 255])
def test_a_command_of_an_unknown_type_is_refused(kind: int) -> None:
    with pytest.raises(DecodeError, match="norm-command-type"):
        read(bytes.fromhex(_FIRST.format(4)) + bytes([kind, 0, 0, 0]))


@pytest.mark.parametrize("name", ["FLUSH", "SQUELCH"])
def test_a_position_in_an_unknown_scheme_is_refused(name: str) -> None:
    data = bytearray(EXAMPLES[name].encode())
    data[13] = 0
    with pytest.raises(DecodeError, match="norm-fec-id"):
        read(bytes(data))


@pytest.mark.parametrize("name", ["FLUSH", "SQUELCH", "CC", "ACK_REQ"])
def test_a_list_that_ends_within_an_entry_is_refused(name: str) -> None:
    with pytest.raises(DecodeError, match="norm-list-cut"):
        read(EXAMPLES[name].encode() + b"x")


@pytest.mark.parametrize(
    ("name", "most", "entry"),
    [
        ("FLUSH", 16_384, 4),
        ("SQUELCH", Squelch.MAX_INVALID, 2),
        ("CC", CongestionProbe.MAX_NODES, 8),
        ("ACK_REQ", 16_384, 4),
    ],
)
def test_of_a_long_list_as_much_is_read_as_may_be(
    name: str, most: int, entry: int
) -> None:
    data = EXAMPLES[name].encode()
    header = data[: data[1] * 4]
    longest = header + bytes(most * entry)
    assert read(longest + bytes(5 * entry)) == read(longest)
    assert read(longest) != read(longest[:-entry])
