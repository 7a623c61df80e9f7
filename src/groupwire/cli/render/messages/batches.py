"""Messages as bytes for stdout, a batch at once: a write for each would be slow."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from groupwire.cli.render.out import Out, json_line
from groupwire.cli.render.text import and_so_on, escape, escape_bytes
from groupwire.cli.render.values import data_fields
from groupwire.messages.events import Batch

__all__ = ["Writing", "message_fields", "writing"]

_GLANCE = 400
"""Characters of a message that a person is shown; ``-v`` shows all."""

Writing = Callable[[Batch, Sequence[bytes]], bytes]
"""Makes bytes of the first payloads of a batch."""


def writing(out: Out, *, topics: bool) -> Writing:
    """Return what makes the bytes that are wanted."""
    if out.raw:
        return _raw
    if out.json:
        return _json
    if out.wide:
        return lambda batch, payloads: _screen(out, batch, payloads, topics)
    return _lines if topics else _bare


def _raw(_batch: Batch, payloads: Sequence[bytes]) -> bytes:
    return b"".join(payloads)


def _bare(_batch: Batch, payloads: Sequence[bytes]) -> bytes:
    return b"\n".join([*payloads, b""])


def _lines(batch: Batch, payloads: Sequence[bytes]) -> bytes:
    # The topic is text, and a line end in it would be taken for a message.
    topic = f"{escape(batch.topic)} ".encode()
    return topic + (b"\n" + topic).join(payloads) + b"\n"


def _screen(out: Out, batch: Batch, payloads: Sequence[bytes], topics: bool) -> bytes:
    topic = f"{out.paint(escape(batch.topic), 'cyan')} " if topics else ""
    lines = (f"{topic}{_text(data, out)}\n" for data in payloads)
    return out.encoded("".join(lines))


def _text(data: bytes, out: Out) -> str:
    if out.verbose:
        return escape_bytes(data)
    return and_so_on(escape_bytes(data[: 2 * _GLANCE]), _GLANCE)


def message_fields(batch: Batch, data: bytes, sequence: int) -> dict[str, object]:
    """Return what programs are told of one message."""
    return {
        **_common(batch),
        "sequence": sequence,
        "bytes": len(data),
        **data_fields(data),
    }


def _common(batch: Batch) -> dict[str, object]:
    last = {"last_value": True} if batch.last_value else {}
    return {
        "topic": batch.topic,
        "publisher": batch.publisher.name,
        "address": str(batch.publisher.origin),
        "delivery": str(batch.delivery),
        **last,
    }


def _json(batch: Batch, payloads: Sequence[bytes]) -> bytes:
    # What all have in common is put into JSON once.
    head = json_line("message", _common(batch))[:-1]
    lines = (
        f'{head}, "sequence": {number}, "bytes": {len(data)}, {_data(data)}}}\n'
        for number, data in enumerate(payloads, batch.sequence)
    )
    return "".join(lines).encode("ascii")


def _data(data: bytes) -> str:
    try:
        return f'"data": {json.dumps(data.decode())}'
    except UnicodeDecodeError:
        return json.dumps(data_fields(data))[1:-1]
