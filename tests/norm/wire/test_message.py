from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.norm.wire.messages import EXAMPLES, MESSAGES, field_bits, libnorm

from groupwire.errors import DecodeError
from groupwire.norm.wire.head import MessageType
from groupwire.norm.wire.message import Message, decode

_EVERY = {
    **{name: message.encode() for name, message in EXAMPLES.items()},
    **{f"libnorm: {name}": data for name, data in libnorm()},
}


@given(MESSAGES)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    data = message.encode()
    assert decode(data, field_bits(message)) == message
    assert decode(memoryview(data), field_bits(message)) == message


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_every_kind_of_message_is_known(example: Message) -> None:
    assert decode(example.encode()) == example


@pytest.mark.parametrize("data", _EVERY.values(), ids=_EVERY)
def test_a_message_cut_anywhere_is_a_message_or_a_decode_error(data: bytes) -> None:
    for size in range(len(data)):
        with suppress(DecodeError):
            decode(data[:size])


@pytest.mark.parametrize("data", _EVERY.values(), ids=_EVERY)
def test_a_message_without_its_whole_header_is_refused(data: bytes) -> None:
    for size in range(data[1] * 4):
        with pytest.raises(DecodeError):
            decode(data[:size])


@pytest.mark.parametrize("data", _EVERY.values(), ids=_EVERY)
def test_extensions_that_nobody_knows_change_nothing(data: bytes) -> None:
    end = data[1] * 4
    unknown = b"\x05\x02sixsix" + b"\xc8new"
    words = bytes([data[1] + len(unknown) // 4])
    longer = data[:1] + words + data[2:end] + unknown + data[end:]
    assert decode(longer) == decode(data)


@given(st.sampled_from(MessageType), st.integers(0, 30), st.binary(max_size=120))
def test_junk_is_a_decode_error_and_nothing_else(
    kind: MessageType, words: int, junk: bytes
) -> None:
    with suppress(DecodeError):
        decode(bytes([0x10 | kind, words]) + junk)


@given(st.data())
def test_a_message_with_junk_in_it_is_a_decode_error_and_nothing_else(
    data: st.DataObject,
) -> None:
    whole = bytearray(data.draw(st.sampled_from(list(_EVERY.values()))))
    for at in data.draw(st.lists(st.integers(1, len(whole) - 1), max_size=4)):
        whole[at] = data.draw(st.integers(0, 255))
    with suppress(DecodeError):
        decode(bytes(whole), data.draw(st.sampled_from([8, 16])))


def test_reports_are_no_type_that_is_spoken() -> None:
    with pytest.raises(DecodeError, match="norm-type"):
        decode(b"\x16" + EXAMPLES["INFO"].encode()[1:])
