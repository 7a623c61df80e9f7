"""The description of a stream that is sent from here: SDP (RFC 8866), written."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

from groupwire.errors import UsageError
from groupwire.values import Group

__all__ = ["MAX_NAME_BYTES", "checked_name", "compose"]

MAX_NAME_BYTES = 200
"""What a stream may be called."""


def compose(
    name: str,
    group: Group,
    *,
    form: str,
    number: int,
    here: IPv4Address | IPv6Address,
    ttl: int,
) -> bytes:
    """Return the description of a transport stream; ``form`` is ``rtp`` or ``ts``.

    ``number`` names it among the sessions of ``here``, for good. Raises UsageError
    for a name that no line can hold.
    """
    lines = _lines(checked_name(name), group, form, number, here, ttl)
    return "".join(f"{line}\r\n" for line in lines).encode()


def checked_name(name: str) -> str:
    """Return a stream's name; UsageError for what no line can hold."""
    if not name.strip() or not name.isprintable():
        raise UsageError(
            f"{name!r} is no name for a stream", fix="give letters, of one line"
        )
    if len(name.encode()) > MAX_NAME_BYTES:
        raise UsageError(
            f"a stream's name has at most {MAX_NAME_BYTES} bytes", fix="shorten it"
        )
    return name


def _lines(
    name: str,
    group: Group,
    form: str,
    number: int,
    here: IPv4Address | IPv6Address,
    ttl: int,
) -> Iterator[str]:
    kind = f"IN IP{group.version}"
    yield "v=0"
    yield f"o=- {number} 1 IN IP{here.version} {here}"
    yield f"s={name}"
    # RFC 8866 §5.7: in IPv4 the TTL belongs to a group, in IPv6 it must not be there.
    yield f"c={kind} {group.ip}" + (f"/{ttl}" if group.version == 4 else "")
    yield "t=0 0"
    yield "a=tool:groupwire"
    yield "a=type:broadcast"
    yield "a=recvonly"
    if group.source is not None:
        yield f"a=source-filter: incl {kind} {group.ip} {group.source}"
    protocol = "RTP/AVP" if form == "rtp" else "udp"
    yield f"m=video {group.port} {protocol} 33"
    yield "a=rtpmap:33 MP2T/90000"
