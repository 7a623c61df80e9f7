"""ssmping's messages, the RFC's and the older ones of Debian's programs."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.errors import DecodeError
from groupwire.probe.ssmping.message import Kind, Message, as_answer, padded

U32 = st.integers(0, (1 << 32) - 1)
GROUPS = st.one_of(st.none(), st.ip_addresses(v=4), st.ip_addresses(v=6))
MESSAGES = st.builds(
    Message,
    st.sampled_from(Kind),
    U32,
    U32,
    U32,
    U32,
    GROUPS,
    st.booleans(),
    st.text("abc.", max_size=10),
    st.integers(0, 100),
    st.integers(0, 65_535),
)
# What ssmping 0.9.1 has sent.
DEBIAN = bytes.fromhex(
    "51 0001 0004 0000106b 0002 0004 00000001"
    "0003 0008 6b079564 0004be91 0004 0005 01e82bd3ea"
)


@given(MESSAGES)
def test_a_message_reads_back(message: Message) -> None:
    assert Message.decode(message.encode()) == message


def test_debian_s_question_is_read_and_is_ours_too() -> None:
    message = Message(
        Kind.QUESTION,
        0x106B,
        1,
        0x6B079564,
        0x4BE91,
        ip_address("232.43.211.234"),
    )
    assert Message.decode(DEBIAN) == message
    assert message.encode() == DEBIAN


def test_the_group_of_the_rfc_has_two_octets_for_its_family() -> None:
    group = "0004 0006 0001 e82bd3ea", "0004 0012 0002 ff3e" + "00" * 10 + "43211234"
    plain = DEBIAN[:-9]
    read = [Message.decode(plain + bytes.fromhex(each)).group for each in group]
    assert [str(each) for each in read] == ["232.43.211.234", "ff3e::4321:1234"]


def test_an_answer_is_the_question_with_another_letter() -> None:
    unknown = DEBIAN + bytes.fromhex("0bad 0002 cafe")
    assert as_answer(unknown, "") == b"A" + unknown[1:]
    named = Message.decode(as_answer(unknown, "cam1"))
    assert (named.kind, named.server) == (Kind.ANSWER, "cam1")


# With -v, and with -s 200.
VERBOSE = DEBIAN[:-9] + bytes.fromhex("0005 0000") + DEBIAN[-9:]
SIZED = DEBIAN[:-9] + bytes.fromhex("0007 0002 00c8") + DEBIAN[-9:]


def test_the_older_dialect_asks_who_it_is_by_an_empty_list() -> None:
    assert Message.decode(VERBOSE).wants_name
    assert not Message.decode(DEBIAN).wants_name


def test_an_answer_is_as_long_as_the_older_dialect_wants_it() -> None:
    wanted = Message.decode(SIZED).wanted_bytes
    answer = as_answer(SIZED, "")
    assert len(padded(answer, wanted)) == wanted == 200
    # What ssmpingd 0.9.1 answers.
    assert padded(answer, wanted) == answer + bytes.fromhex("0008 0098") + bytes(152)
    assert padded(answer, len(answer) + 3) == answer
    assert len(padded(answer, len(answer) + 4)) == len(answer) + 4


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ssmping-no-message"),
        (b"X" + DEBIAN[1:], "ssmping-no-message"),
        (b"Q", "ssmping-no-number"),
        (DEBIAN[:16], "ssmping-cut"),
        (DEBIAN[:-1], "ssmping-cut"),
        (DEBIAN[:9], "ssmping-no-number"),
        (
            b"Q" + bytes.fromhex("0001 0009") + bytes(9) + DEBIAN[9:],
            "ssmping-no-number",
        ),
        (DEBIAN[:9] + bytes.fromhex("0002 0002 0001"), "ssmping-no-number"),
        (DEBIAN[:-5] + bytes.fromhex("07e82bd3ea"), "ssmping-group"),
        (DEBIAN[:-7] + bytes.fromhex("0001 01"), "ssmping-group"),
        (DEBIAN + bytes.fromhex("0bad 0000") * 40, "ssmping-cut"),
    ],
)
def test_what_is_no_message_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        Message.decode(data)


@given(st.binary(max_size=80))
def test_nothing_that_strangers_send_hurts(data: bytes) -> None:
    for letter in (b"Q", b"A", b""):
        try:
            Message.decode(letter + data)
        except DecodeError as error:
            reason = error.reason
            assert reason.startswith("ssmping-")
