import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import STATES

from groupwire.errors import DecodeError
from groupwire.norm.wire.head import Head, MessageType, SenderState

HEADS = st.builds(
    Head,
    st.sampled_from(MessageType),
    st.integers(2, 255).map(lambda words: words * 4),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF_FFFF),
)


@given(HEADS, STATES)
def test_a_head_comes_back_as_it_was(head: Head, state: SenderState) -> None:
    data = (head.encode() + state.encode()).ljust(1024, b"\0")
    assert Head.decode(data) == head
    assert SenderState.decode(data) == state


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "norm-cut"),
        ("12050001000000", "norm-cut"),
        ("2205000100000001" + "00" * 12, "norm-version"),
        ("1605000100000001" + "00" * 12, "norm-type"),
        ("1005000100000001" + "00" * 12, "norm-type"),
        ("1201000100000001" + "00" * 12, "norm-header-length"),
        ("1206000100000001" + "00" * 12, "norm-header-length"),
    ],
)
def test_what_is_no_head_says_why(data: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        Head.decode(bytes.fromhex(data))
    assert caught.value.reason == reason


def test_a_sender_that_says_nothing_of_itself_is_cut() -> None:
    with pytest.raises(DecodeError, match="norm-sender-cut"):
        SenderState.decode(bytes(11))


def test_the_reference_implementations_first_words_are_read() -> None:
    data = bytes.fromhex("12 08 0007 0000000b 1234 94 42".replace(" ", ""))
    head, state = Head.decode(data.ljust(32, b"\0")), SenderState.decode(data)
    assert head == Head(MessageType.DATA, 32, 7, 11)
    assert (state.instance, state.backoff, state.members) == (0x1234, 4, 1000)
    assert state.grtt_s == pytest.approx(0.266, abs=0.02)
