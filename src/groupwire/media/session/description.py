"""Anybody's session description: SDP (RFC 8866), read.

Of it is kept what tells a person what it is, and a player where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

from groupwire.errors import AddressError, DecodeError
from groupwire.values import Group

__all__ = ["MAX_LINES", "MAX_MEDIA", "NTP_S", "Description", "Media"]

MAX_LINES = 256
MAX_MEDIA = 16
"""What is read of a description; the rest is passed over."""
NTP_S = 2_208_988_800
"""RFC 8866 §5.9: times are seconds since 1900."""
_MAX_TEXT = 1000
_MAX_FORMATS = 16
_TS_FORMATS = frozenset(("33", "mpeg", "mp2t"))
_PLAIN = frozenset(("UDP", "MP2T/H2221/UDP", "RAW/RAW/UDP"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One stream of a session (m= and what belongs to it)."""

    kind: str
    """``video``, ``audio`` and so on."""
    port: int
    protocol: str
    """``RTP/AVP``, ``udp``, ..."""
    formats: tuple[str, ...]
    encoding: str = ""
    """What the first format is, such as ``MP2T/90000`` (a=rtpmap)."""
    ip: IPv4Address | IPv6Address | None = None
    source: IPv4Address | IPv6Address | None = None
    """The one that sends it (RFC 4570), where that is told."""

    @property
    def group(self) -> Group | None:
        """Where it goes; None where that is no group."""
        if self.ip is None:
            return None
        try:
            return Group(self.ip, self.port, self.source)
        except AddressError:
            return None

    @property
    def form(self) -> str:
        """``rtp`` or ``ts`` where it is a transport stream, else empty."""
        first = self.formats[0].lower() if self.formats else ""
        protocol = self.protocol.upper()
        if protocol.startswith("RTP/"):
            named = self.encoding.upper().startswith("MP2T/")
            return "rtp" if first == "33" or named else ""
        return "ts" if protocol in _PLAIN and first in _TS_FORMATS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A session: its name, who made it, when it ends, what it consists of."""

    name: str
    origin: str
    """The o= line without its version: names the session for good (RFC 8866 §5.2)."""
    information: str = ""
    ends_s: float | None = None
    """When it is over, in seconds since the epoch; None: it is not known to end."""
    media: tuple[Media, ...] = ()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read it; DecodeError for what is none."""
        lines = data.decode("utf-8", "replace").splitlines()[:MAX_LINES]
        if not lines or lines[0].strip() != "v=0":
            raise DecodeError("sdp-no-sdp")
        reading = _Reading()
        for line in lines[1:]:
            kind, _, value = line.partition("=")
            reading.take(kind, value.strip()[:_MAX_TEXT])
        if not reading.origin:
            raise DecodeError("sdp-no-origin")
        return cls(
            name=reading.name,
            origin=reading.origin,
            information=reading.information,
            ends_s=reading.ends_s,
            media=tuple(map(reading.placed, reading.media)),
        )


@dataclass(slots=True)
class _Reading:
    """Line by line; what stands in front of the first m= is for all of them."""

    name: str = ""
    origin: str = ""
    information: str = ""
    ends_s: float | None = None
    media: list[Media] = field(default_factory=list[Media])
    passing: bool = False
    """Whether what is read belongs to a stream that is not kept."""
    ip: IPv4Address | IPv6Address | None = None
    source: IPv4Address | IPv6Address | None = None

    def take(self, kind: str, value: str) -> None:
        if self.passing and kind != "m":
            return
        match kind:
            case "o":
                self.origin = _origin(value)
            case "s":
                self.name = value
            case "i" if not self.media:
                self.information = value
            case "t":
                self.ends_s = _end(value)
            case "c":
                self._locate(_connection(value))
            case "m":
                self._open(value)
            case "a":
                self._attribute(value)
            case _:
                pass

    def placed(self, media: Media) -> Media:
        """Return it with what is said for all."""
        return replace(
            media, ip=media.ip or self.ip, source=media.source or self.source
        )

    def _open(self, value: str) -> None:
        found = _media(value) if len(self.media) < MAX_MEDIA else None
        self.passing = found is None
        if found is not None:
            self.media.append(found)

    def _locate(self, ip: IPv4Address | IPv6Address | None) -> None:
        if self.media:
            self.media[-1] = replace(self.media[-1], ip=ip)
        else:
            self.ip = ip

    def _attribute(self, value: str) -> None:
        name, _, text = value.partition(":")
        if name == "source-filter":
            source = _only_source(text)
            if self.media:
                self.media[-1] = replace(self.media[-1], source=source)
            else:
                self.source = source
        elif name == "rtpmap" and self.media:
            number, _, encoding = text.strip().partition(" ")
            if self.media[-1].formats[:1] == (number,):
                self.media[-1] = replace(self.media[-1], encoding=encoding.strip())


def _origin(value: str) -> str:
    """RFC 8866 §5.2: user, session, version, and three words for the host."""
    words = value.split()
    return " ".join((*words[:2], *words[3:])) if len(words) == 6 else ""


def _end(value: str) -> float | None:
    """RFC 8866 §5.9: start and end; an end of 0 is none."""
    words = value.split()
    if len(words) != 2 or not words[1].isdecimal() or not words[1].isascii():
        return None
    end = int(words[1])
    return float(end - NTP_S) if end > NTP_S else None


def _connection(value: str) -> IPv4Address | IPv6Address | None:
    """RFC 8866 §5.7: ``IN IP4 ADDRESS/TTL``."""
    words = value.split()
    return _ip(words[2].partition("/")[0]) if len(words) == 3 else None


def _media(value: str) -> Media | None:
    """RFC 8866 §5.14: kind, port (and how many), protocol, formats."""
    words = value.split()
    port = words[1].partition("/")[0] if len(words) >= 4 else ""
    if not (port.isdecimal() and port.isascii() and 0 < int(port) < 1 << 16):
        return None
    formats = tuple(words[3 : 3 + _MAX_FORMATS])
    return Media(kind=words[0], port=int(port), protocol=words[2], formats=formats)


def _only_source(value: str) -> IPv4Address | IPv6Address | None:
    """RFC 4570 §3: ``incl IN IP4 GROUP SOURCE``; of several none is the one."""
    words = value.split()
    return _ip(words[4]) if len(words) == 5 and words[0] == "incl" else None


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
