"""Writes and reads what sender and members say to each other (docs/delivery.md §1.3).

A word is the payload of one tagged datagram. Whatever a stranger sends, decoding raises
DecodeError and nothing else; keys that have their usual value are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar, assert_never

from groupwire.deliver.limits import MAX_BYTES, MAX_ENTRIES
from groupwire.deliver.wire.fields import digest_of, entry_of
from groupwire.deliver.wire.ranges import parse_ranges, ranges_text
from groupwire.deliver.words import (
    Bye,
    Call,
    CallPhase,
    Failure,
    Join,
    MemberPhase,
    Receipt,
    Signed,
    State,
    Word,
)
from groupwire.errors import DecodeError
from groupwire.gather.fields import (
    MAX_WORD_BYTES,
    UNPRINTABLE,
    id_of,
    id_text,
    items_of,
    json_bytes,
    number_of,
    text_of,
    truth_of,
    word_bytes,
    word_of,
)

__all__ = [
    "MAX_HELD",
    "MAX_TEXT",
    "MAX_WORD_BYTES",
    "decode_word",
    "encode_word",
]

_FORM = "deliver"
MAX_TEXT = 200
"""Characters of a title or a reason."""
MAX_NODE = 0xFFFFFFFE
"""RFC 5740: 0 is nobody, 0xFFFFFFFF anybody."""
_MAX_INSTANCE = 0xFFFF
_MAX_FAILED = 1000
MAX_HELD = 64
"""Entries of which a member says how much it has."""
MAX_SIGNED = 1000
"""Nodes that are read in the last word of a sender: more than a word has room for.
Ours names the latest 64 (``push.farewell.NAMED``)."""
_HELD_CHARACTERS = len(f"[{MAX_ENTRIES},{MAX_BYTES}],")
_NODE_CHARACTERS = len("4294967294,")
_Phase = TypeVar("_Phase", CallPhase, MemberPhase)


def encode_word(word: Word, limit_bytes: int = 1200) -> bytes:
    """Return the payload.

    What does not fit is cut: ``failed`` with ``more`` set, ``held``, ``wants`` to all,
    text.
    """
    payload = _said(word)
    while len(payload) > limit_bytes:
        shorter = _shorter(word, len(payload) - limit_bytes)
        if shorter == word:
            break
        word, payload = shorter, _said(shorter)
    return payload


def decode_word(payload: bytes) -> Word:
    """Read a payload; DecodeError with the reason for junk."""
    return word_of(payload, _FORM, _READERS)


def _said(word: Word) -> bytes:
    match word:
        case Call():
            return _say("call", _call_keys(word))
        case State():
            return _say("state", _state_keys(word))
        case Join():
            return _say("join", {"node": word.node})
        case Receipt():
            return _say("receipt", _receipt_keys(word))
        case Signed():
            again = {"again": True} if word.again else {}
            return _say("signed", {"id": id_text(word.delivery), **again})
        case Bye():
            keys = {"id": id_text(word.delivery), **_text("reason", word.reason)}
            return _say("bye", {**keys, **_nodes("signed", word.signed)})
        case _:
            assert_never(word)


def _say(say: str, keys: Mapping[str, object]) -> bytes:
    return word_bytes(_FORM, say, keys)


def _call_keys(call: Call) -> dict[str, object]:
    return {
        "id": id_text(call.delivery),
        "node": call.node,
        "instance": call.instance,
        "phase": call.phase.value,
        "files": call.files,
        "bytes": call.size_bytes,
        **_text("title", call.title),
    }


def _state_keys(state: State) -> dict[str, object]:
    # An answer off the link may be little longer than its question.
    usual = {"holds": state.holds, "bytes": state.bytes_have, "lost": state.lost}
    keys: dict[str, object] = {
        "id": id_text(state.delivery),
        "node": state.node,
        "phase": state.phase.value,
        **{key: value for key, value in usual.items() if value},
    }
    if state.wants is not None or state.phase is MemberPhase.TAKING:
        keys["wants"] = ranges_text(state.wants)
    if state.held:
        keys["held"] = [list(pair) for pair in state.held]
    return {**keys, **_text("reason", state.reason)}


def _receipt_keys(receipt: Receipt) -> dict[str, object]:
    keys: dict[str, object] = {
        "id": id_text(receipt.delivery),
        "node": receipt.node,
        "files": receipt.files,
        "unchanged": receipt.unchanged,
        "bytes": receipt.bytes_have,
        "lost": receipt.lost,
        "sha256": receipt.sha256.hex(),
    }
    failed = receipt.failed[:_MAX_FAILED]
    if failed:
        keys["failed"] = [[f.entry, _printable(f.reason)] for f in failed]
    if receipt.more or len(failed) < len(receipt.failed):
        keys["more"] = True
    return keys


def _text(key: str, text: str) -> dict[str, str]:
    return {key: _printable(text)} if text else {}


def _printable(text: str) -> str:
    return UNPRINTABLE.sub("?", text[:MAX_TEXT])


def _shorter(word: Word, excess: int) -> Word:
    """Return a word that is at least nearer to its limit, or the same."""
    match word:
        case Call():
            return replace(word, title=_cut(word.title, excess))
        case State() if word.held or word.wants is not None:
            return _shorter_state(word, excess)
        case Bye() if word.signed:
            keep = len(word.signed) - 1 - excess // _NODE_CHARACTERS
            return replace(word, signed=word.signed[: max(0, keep)])
        case State() | Bye():
            return replace(word, reason=_cut(word.reason, excess))
        case Receipt() if word.failed:
            failed = _fewer(word.failed[:_MAX_FAILED], excess + len(',"more":true'))
            return replace(word, failed=failed, more=True)
        case _:
            return word


def _shorter_state(state: State, excess: int) -> State:
    if not state.held:
        return replace(state, wants=None)
    keep = len(state.held) - 1 - excess // _HELD_CHARACTERS
    return replace(state, held=state.held[: max(0, keep)])


def _nodes(key: str, nodes: tuple[int, ...]) -> dict[str, object]:
    return {key: list(nodes)} if nodes else {}


def _cut(text: str, excess: int) -> str:
    # A character is four bytes at most, and escaped two.
    return text[:MAX_TEXT][: -max(1, excess // 4)]


def _fewer(failed: tuple[Failure, ...], excess: int) -> tuple[Failure, ...]:
    keep = len(failed)
    while keep and excess > 0:
        keep -= 1
        last = failed[keep]
        excess -= len(json_bytes([last.entry, _printable(last.reason)])) + 1
    return failed[:keep]


def _read_call(keys: Mapping[str, object]) -> Call:
    size = keys.get("bytes")
    return Call(
        id_of(keys.get("id")),
        _node(keys),
        number_of(keys.get("instance"), 0, _MAX_INSTANCE),
        _phase(CallPhase, keys.get("phase")),
        number_of(keys.get("files"), 0, MAX_ENTRIES),
        None if size is None else number_of(size, 0, MAX_BYTES),
        text_of(keys.get("title", ""), MAX_TEXT),
    )


def _read_state(keys: Mapping[str, object]) -> State:
    return State(
        id_of(keys.get("id")),
        _node(keys),
        _phase(MemberPhase, keys.get("phase")),
        truth_of(keys.get("holds", False)),
        number_of(keys.get("bytes", 0), 0, MAX_BYTES),
        number_of(keys.get("lost", 0), 0, MAX_BYTES),
        parse_ranges(text_of(keys.get("wants", "all"), MAX_WORD_BYTES)),
        text_of(keys.get("reason", ""), MAX_TEXT),
        tuple(map(_held, items_of(keys.get("held", []), MAX_HELD))),
    )


def _read_join(keys: Mapping[str, object]) -> Join:
    return Join(_node(keys))


def _read_receipt(keys: Mapping[str, object]) -> Receipt:
    return Receipt(
        id_of(keys.get("id")),
        _node(keys),
        number_of(keys.get("files"), 0, MAX_ENTRIES),
        number_of(keys.get("unchanged", 0), 0, MAX_ENTRIES),
        number_of(keys.get("bytes"), 0, MAX_BYTES),
        number_of(keys.get("lost", 0), 0, MAX_BYTES),
        digest_of(keys.get("sha256")),
        tuple(map(_failure, items_of(keys.get("failed", []), _MAX_FAILED))),
        truth_of(keys.get("more", False)),
    )


def _read_signed(keys: Mapping[str, object]) -> Signed:
    return Signed(id_of(keys.get("id")), truth_of(keys.get("again", False)))


def _read_bye(keys: Mapping[str, object]) -> Bye:
    nodes = items_of(keys.get("signed", []), MAX_SIGNED)
    return Bye(
        id_of(keys.get("id")),
        text_of(keys.get("reason", ""), MAX_TEXT),
        tuple(number_of(node, 1, MAX_NODE) for node in nodes),
    )


def _held(value: object) -> tuple[int, int]:
    pair = items_of(value, 2)
    if len(pair) != 2:
        raise DecodeError("word-list")
    return entry_of(pair[0]), number_of(pair[1], 0, MAX_BYTES)


def _failure(value: object) -> Failure:
    pair = items_of(value, 2)
    if len(pair) != 2:
        raise DecodeError("word-list")
    return Failure(entry_of(pair[0]), text_of(pair[1], MAX_TEXT))


def _node(keys: Mapping[str, object]) -> int:
    return number_of(keys.get("node"), 1, MAX_NODE)


def _phase(phases: type[_Phase], value: object) -> _Phase:
    for phase in phases:
        if phase.value == value:
            return phase
    raise DecodeError("deliver-phase")


_READERS: Mapping[str, Callable[[Mapping[str, object]], Word]] = {
    "call": _read_call,
    "state": _read_state,
    "join": _read_join,
    "receipt": _read_receipt,
    "signed": _read_signed,
    "bye": _read_bye,
}
