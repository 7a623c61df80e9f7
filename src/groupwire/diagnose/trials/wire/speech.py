"""What two doctors say to each other: docs/protocol.md §8.

Every word is one datagram in the tagged form with a JSON object behind it. Whatever a
stranger sends, decoding raises DecodeError and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, assert_never, cast

from groupwire.errors import DecodeError
from groupwire.gather.tagged import Kind, Tagged, is_tagged

__all__ = [
    "ASKING_BYTES",
    "MAX_PROBES",
    "PORT",
    "Arrival",
    "Hello",
    "Probe",
    "Speak",
    "Spoke",
    "Tell",
    "Told",
    "Welcome",
    "Word",
    "decode",
    "encode",
    "probe_in",
]

PORT = 10_003
"""Where a serving doctor hears by unicast."""
ASKING_BYTES = 1200
"""What is asked by unicast is so long, and no answer is longer."""
MAX_WORD_BYTES = 65_535
MAX_JSON_BYTES = 1500
"""A larger one is padded, and padding is not read as JSON."""
MAX_PROBES = 48
"""Test datagrams of one token: numbers from 0 on."""
MAX_FINDINGS = 4
MAX_TEXT = 160
_MAX_BYTES = 65_535


@dataclass(frozen=True, slots=True)
class Hello:
    """Ask who is there, and whether it serves this group."""

    group: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """It is there. ``cookie`` proves from now on that the asker hears answers."""

    cookie: str
    group: str
    name: str
    mtu_bytes: int
    ttl_hops: int
    """With which the question came; 0: not known."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One test datagram, to the group."""

    token: int
    number: int


@dataclass(frozen=True, slots=True)
class Tell:
    """What came of a token's test datagrams? The first such question begins it.

    ``again``: leave the group and join it again first, so that switches hear of it.
    """

    cookie: str
    token: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """One of them, as the peer's socket heard it."""

    number: int
    ttl_hops: int
    bytes_: int


@dataclass(frozen=True, slots=True)
class Told:
    """What came of them; ``reached`` None: it could not look at the wire."""

    arrived: tuple[Arrival, ...] = ()
    reached: tuple[int, ...] | None = None
    interface: str = ""
    reverse_path: int = 0
    queries: int = 0
    findings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Speak:
    """Send test datagrams of these sizes to the group."""

    cookie: str
    token: int
    ttl_hops: int
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spoke:
    """It did; ``left`` None: it could not look at the wire."""

    sent: tuple[int, ...] = ()
    left: tuple[int, ...] | None = None
    error: str = ""


Word = Hello | Welcome | Probe | Tell | Told | Speak | Spoke


def encode(word: Word, request_id: int, *, kind: Kind, bytes_: int = 0) -> bytes:
    """Return the datagram, padded to ``bytes_``.

    Findings that do not fit into an answer are left out.
    """
    data = Tagged(kind, request_id, _json(word)).encode()
    if isinstance(word, Told) and len(data) > ASKING_BYTES and word.findings:
        return encode(replace(word, findings=word.findings[:-1]), request_id, kind=kind)
    return data.ljust(bytes_)


def decode(data: bytes) -> tuple[Tagged, Word]:
    """Read a datagram; DecodeError with the reason for junk."""
    if not is_tagged(data):
        raise DecodeError("doctor-plain")
    tagged = Tagged.decode(data)
    keys = _object(tagged.data)
    if keys.get("gw") != "doctor" or keys.get("v") != 1:
        raise DecodeError("doctor-other")
    say = keys.get("say")
    read = _READERS.get(say) if isinstance(say, str) else None
    if read is None:
        raise DecodeError("doctor-say")
    return tagged, read(keys)


def probe_in(data: bytes) -> Probe | None:
    """Return the test that a datagram is; None: it is something else."""
    try:
        _, word = decode(data)
    except DecodeError:
        return None
    return word if isinstance(word, Probe) else None


def _json(word: Word) -> bytes:
    said = {"gw": "doctor", "v": 1, **_said(word)}
    return json.dumps(said, separators=(",", ":")).encode("ascii")


def _said(word: Word) -> dict[str, object]:  # noqa: PLR0911 - one for each word
    match word:
        case Hello():
            return {"say": "hello", "group": word.group}
        case Welcome():
            return {
                "say": "welcome",
                "cookie": word.cookie,
                "group": word.group,
                "name": word.name,
                "mtu": word.mtu_bytes,
                "ttl": word.ttl_hops,
            }
        case Probe():
            return {"say": "probe", "token": f"{word.token:016x}", "n": word.number}
        case Tell():
            keys = {"say": "tell", "cookie": word.cookie, "again": word.again}
            return {**keys, "token": f"{word.token:016x}"}
        case Told():
            return _said_told(word)
        case Speak():
            return {
                "say": "speak",
                "cookie": word.cookie,
                "token": f"{word.token:016x}",
                "ttl": word.ttl_hops,
                "sizes": word.sizes,
            }
        case Spoke():
            return {
                "say": "spoke",
                "sent": word.sent,
                "left": word.left,
                "error": _cut(word.error),
            }
        case _:
            assert_never(word)


def _said_told(word: Told) -> dict[str, object]:
    return {
        "say": "told",
        "arrived": [[one.number, one.ttl_hops, one.bytes_] for one in word.arrived],
        "reached": word.reached,
        "interface": word.interface,
        "rp": word.reverse_path,
        "queries": word.queries,
        "findings": [[code, _cut(says)] for code, says in word.findings[:MAX_FINDINGS]],
    }


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 3]}..."


# Reading

_Keys = Mapping[str, object]
_T = TypeVar("_T")


def _object(data: bytes) -> _Keys:
    text = data[:MAX_JSON_BYTES].rstrip(b" ")
    try:
        found: Any = json.loads(text.decode("ascii"))
    # A row of 1,000 brackets is no object, either.
    except (ValueError, RecursionError):
        raise DecodeError("doctor-json") from None
    if not isinstance(found, dict):
        raise DecodeError("doctor-json")
    return cast("_Keys", found)


def _hello(keys: _Keys) -> Hello:
    return Hello(_text(keys.get("group")))


def _welcome(keys: _Keys) -> Welcome:
    return Welcome(
        _text(keys.get("cookie")),
        _text(keys.get("group")),
        _text(keys.get("name")),
        _number(keys.get("mtu"), _MAX_BYTES),
        _number(keys.get("ttl"), 255),
    )


def _probe(keys: _Keys) -> Probe:
    return Probe(_token(keys), _number(keys.get("n"), MAX_PROBES - 1))


def _tell(keys: _Keys) -> Tell:
    again = keys.get("again") is True
    return Tell(_text(keys.get("cookie")), _token(keys), again)


def _told(keys: _Keys) -> Told:
    return Told(
        _list(keys.get("arrived"), MAX_PROBES, _arrival),
        _numbers_or_none(keys.get("reached")),
        _text(keys.get("interface")),
        _number(keys.get("rp"), 1 << 62),
        _number(keys.get("queries"), 1 << 62),
        _list(keys.get("findings"), MAX_FINDINGS, _finding),
    )


def _speak(keys: _Keys) -> Speak:
    return Speak(
        _text(keys.get("cookie")),
        _token(keys),
        _number(keys.get("ttl"), 255),
        _list(keys.get("sizes"), MAX_PROBES, lambda one: _number(one, _MAX_BYTES)),
    )


def _spoke(keys: _Keys) -> Spoke:
    return Spoke(
        _list(keys.get("sent"), MAX_PROBES, _probe_number),
        _numbers_or_none(keys.get("left")),
        _text(keys.get("error")),
    )


_READERS: Mapping[str, Callable[[_Keys], Word]] = {
    "hello": _hello,
    "welcome": _welcome,
    "probe": _probe,
    "tell": _tell,
    "told": _told,
    "speak": _speak,
    "spoke": _spoke,
}


def _arrival(value: object) -> Arrival:
    number, ttl, size = _row(value, 3)
    return Arrival(
        _probe_number(number), _number(ttl, 255), _number(size, MAX_WORD_BYTES)
    )


def _finding(value: object) -> tuple[str, str]:
    code, says = _row(value, 2)
    return _text(code), _text(says)


def _numbers_or_none(value: object) -> tuple[int, ...] | None:
    return None if value is None else _list(value, MAX_PROBES, _probe_number)


def _probe_number(value: object) -> int:
    return _number(value, MAX_PROBES - 1)


def _token(keys: _Keys) -> int:
    text = _text(keys.get("token"))
    if len(text) != 16 or set(text) - set("0123456789abcdef"):
        raise DecodeError("doctor-token")
    return int(text, 16)


def _number(value: object, most: int) -> int:
    # True is an int, too.
    if type(value) is not int or not 0 <= value <= most:
        raise DecodeError("doctor-number")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise DecodeError("doctor-text")
    return value


def _row(value: object, length: int) -> Sequence[object]:
    row = _list(value, length, lambda one: one)
    if len(row) != length:
        raise DecodeError("doctor-list")
    return row


def _list(value: object, most: int, read: Callable[[object], _T]) -> tuple[_T, ...]:
    if not isinstance(value, list):
        raise DecodeError("doctor-list")
    values = cast("list[object]", value)
    if len(values) > most:
        raise DecodeError("doctor-list")
    return tuple(read(one) for one in values)
