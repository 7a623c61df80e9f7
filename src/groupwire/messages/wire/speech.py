"""Writes and reads what members say to each other (docs/messages.md §1.3).

A word is the payload of one tagged datagram. Whatever a stranger sends, decoding raises
DecodeError and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from groupwire.errors import DecodeError, UsageError
from groupwire.gather.fields import (
    UNPRINTABLE,
    filled,
    id_of,
    id_text,
    items_of,
    number_of,
    text_of,
    truth_of,
    word_bytes,
    word_of,
)
from groupwire.messages.delivery import DELIVERIES
from groupwire.messages.members import Role
from groupwire.messages.rules import MAX_NODE
from groupwire.messages.topics import checked_pattern
from groupwire.messages.wire.words import Enough, Here, Join, Left, Lost, Who, Word

__all__ = ["decode_word", "encode_word"]

_FORM = "messages"
_LARGEST_BYTES = 1200
"""What we send, so that it needs no fragments."""
_MAX_PATTERNS = 64
_MAX_WHY = 200
_MAX_COUNT = (1 << 63) - 1
_MAX_MS = 1 << 40
_MAX_INSTANCE = 0xFFFF


def encode_word(word: Word) -> bytes:
    """Return the payload; patterns that do not fit become one that matches all."""
    match word:
        case Here():
            return filled(_said("here", _here_keys(word)))
        case Left():
            sent = {"sent": list(word.sent)}
            return filled(_said("left", {**_who(word.id, word.node), **sent}))
        case Who():
            return filled(_said("who", {}))
        case Join():
            return _join(word)
        case Lost():
            why = UNPRINTABLE.sub("?", word.why[:_MAX_WHY])
            lost = {"messages": word.messages, "why": why}
            whole = {"from": list(word.whole_from)}
            return _said("lost", {**_who(word.id, word.node), **lost, **whole})
        case Enough():
            why = UNPRINTABLE.sub("?", word.why[:_MAX_WHY])
            return _said("enough", {**_who(word.id, word.node), "why": why})
        case _:
            assert_never(word)


def decode_word(payload: bytes) -> Word:
    """Read a payload; DecodeError with the reason for junk."""
    return word_of(payload, _FORM, _READERS)


def _said(say: str, keys: Mapping[str, object]) -> bytes:
    return word_bytes(_FORM, say, keys)


def _who(life: int, node: int) -> dict[str, object]:
    return {"id": id_text(life), "node": node}


def _here_keys(here: Here) -> dict[str, object]:
    keys: dict[str, object] = {
        **_who(here.id, here.node),
        "role": here.role.value,
        "age_ms": here.age_ms,
        "every_ms": here.every_ms,
    }
    if here.role is Role.PUBLISHER:
        keys |= {"instance": here.instance, "sent": list(here.sent)}
    if here.pipe:
        keys["pipe"] = True
    if here.asks:
        keys["asks"] = True
    return keys


def _join(word: Join) -> bytes:
    keys, last = _here_keys(word.here), list(word.last[:_MAX_PATTERNS])
    keys["to"] = word.to
    payload = _said("join", {**keys, "last": last} if last else keys)
    if len(word.last) > _MAX_PATTERNS or len(payload) > _LARGEST_BYTES:
        payload = _said("join", {**keys, "last": ["#"]})
    return filled(payload)


def _read_here(keys: Mapping[str, object]) -> Here:
    role = _role(keys.get("role"))
    publishes = role is Role.PUBLISHER
    return Here(
        id_of(keys.get("id")),
        role,
        _node(keys),
        number_of(keys.get("age_ms"), 0, _MAX_MS),
        number_of(keys.get("every_ms"), 1, _MAX_MS),
        number_of(keys.get("instance"), 0, _MAX_INSTANCE) if publishes else 0,
        _sent(keys) if publishes else (0, 0, 0),
        truth_of(keys.get("asks", False)),
        truth_of(keys.get("pipe", False)) and not publishes,
    )


def _read_left(keys: Mapping[str, object]) -> Left:
    return Left(id_of(keys.get("id")), _node(keys), _sent(keys))


def _read_who(keys: Mapping[str, object]) -> Who:  # noqa: ARG001 - it has none
    return Who()


def _read_join(keys: Mapping[str, object]) -> Join:
    patterns = items_of(keys.get("last", []), _MAX_PATTERNS)
    to = number_of(keys.get("to"), 1, MAX_NODE + 2)
    return Join(_read_here(keys), to, tuple(map(_pattern, patterns)))


def _read_lost(keys: Mapping[str, object]) -> Lost:
    return Lost(
        id_of(keys.get("id")),
        _node(keys),
        number_of(keys.get("messages"), 0, _MAX_COUNT),
        text_of(keys.get("why", ""), _MAX_WHY),
        _counts(keys.get("from", [0] * len(DELIVERIES))),
    )


def _read_enough(keys: Mapping[str, object]) -> Enough:
    why = text_of(keys.get("why", ""), _MAX_WHY)
    return Enough(id_of(keys.get("id")), _node(keys), why)


def _node(keys: Mapping[str, object]) -> int:
    return number_of(keys.get("node"), 1, MAX_NODE)


def _sent(keys: Mapping[str, object]) -> tuple[int, ...]:
    return _counts(keys.get("sent", [0] * len(DELIVERIES)))


def _counts(value: object) -> tuple[int, ...]:
    """Read a number for each delivery."""
    counts = items_of(value, len(DELIVERIES))
    if len(counts) != len(DELIVERIES):
        raise DecodeError("word-list")
    return tuple(number_of(count, 0, _MAX_COUNT) for count in counts)


def _pattern(value: object) -> str:
    if not isinstance(value, str):
        raise DecodeError("word-text")
    try:
        return checked_pattern(value)
    except UsageError:
        raise DecodeError("word-pattern") from None


def _role(value: object) -> Role:
    for role in (Role.PUBLISHER, Role.SUBSCRIBER):
        if role.value == value:
            return role
    raise DecodeError("word-role")


_READERS: Mapping[str, Callable[[Mapping[str, object]], Word]] = {
    "here": _read_here,
    "left": _read_left,
    "who": _read_who,
    "join": _read_join,
    "lost": _read_lost,
    "enough": _read_enough,
}
