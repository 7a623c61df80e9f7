"""``[SOURCE@]GROUP[%INTERFACE]:PORT`` taken apart; whether it makes sense is not asked.

IPv6 stands in brackets with its interface inside: ``[ff12::4242%eth0]:10000``. Media
programs put ``udp://`` or ``rtp://`` before it, and an ``@`` even without a source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from groupwire.errors import AddressError
from groupwire.values.rules import MAX_PORT, require_port

__all__ = ["Parts", "join", "split", "split_bare"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a text names. ``port`` is still text: only some callers may go without."""

    text: str
    ip: IPv4Address | IPv6Address
    port: str | None = None
    source: IPv4Address | IPv6Address | None = None
    interface: str | None = None

    def port_number(self) -> int:
        """Return the port; AddressError when it is missing or none."""
        if not self.port:
            raise self._wrong("has no port", f"add one: {self._suggest('10000')}")
        if not (self.port.isascii() and self.port.isdigit()):
            raise self._wrong(
                f"the port {self.port!r} is no number", f"use one from 1 to {MAX_PORT}"
            )
        # Six digits are too many already, and int() refuses thousands of them.
        digits = self.port[:6]
        if digits != str(int(digits)):
            raise self._wrong("the port has leading zeros", "write it without them")
        require_port(self.text, int(digits))
        return int(digits)

    def _wrong(self, problem: str, fix: str) -> AddressError:
        return AddressError(self.text, problem, fix=fix)

    def _suggest(self, port: str) -> str:
        return join(self.ip, port, self.source, self.interface)


def join(
    ip: IPv4Address | IPv6Address,
    port: int | str | None,
    source: IPv4Address | IPv6Address | None = None,
    interface: str | None = None,
) -> str:
    """Return the canonical text."""
    before = f"{_bracketed(source)}@" if source is not None else ""
    after = f":{port}" if port is not None else ""
    return f"{before}{_bracketed(ip, interface)}{after}"


def split(text: str) -> Parts:
    """Take ``text`` apart, with or without a port; AddressError names it."""
    _require_clean(text)
    scheme, rest = _without_scheme(text)
    source, at, target = rest.rpartition("@")
    if at and not source and not scheme:
        raise AddressError(text, "no source stands before @", fix=f"write {target}")
    address, interface, port = _split_target(text, target)
    return Parts(
        text=text,
        ip=_read_ip(text, address, "group"),
        port=port,
        source=_read_source(text, source) if source else None,
        interface=interface,
    )


def split_bare(text: str) -> Parts:
    """Do the same, and take IPv6 without brackets where no port follows."""
    address, percent, interface = text.partition("%")
    if ":" in interface or not _is_ipv6(address):
        return split(text)
    return Parts(text, IPv6Address(address), interface=interface if percent else None)


_Target: TypeAlias = tuple[str, str | None, str | None]

_EXAMPLES = "write GROUP:PORT, such as 239.255.42.99:10000 or [ff15::4242]:10000"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_MEDIA_SCHEMES = frozenset({"udp", "rtp"})


def _bracketed(ip: IPv4Address | IPv6Address, interface: str | None = None) -> str:
    zone = f"%{interface}" if interface is not None else ""
    return f"[{ip}{zone}]" if ip.version == 6 else f"{ip}{zone}"


def _require_clean(text: str) -> None:
    if not text:
        raise AddressError(text, "the text is empty", fix=_EXAMPLES)
    if any(c.isspace() for c in text):
        raise AddressError(text, "a group holds no white space", fix=_EXAMPLES)


def _without_scheme(text: str) -> tuple[str, str]:
    found = _SCHEME.match(text)
    if not found:
        return "", text
    scheme = found[1].lower()
    if scheme not in _MEDIA_SCHEMES:
        raise AddressError(
            text, f"{scheme}:// names no group", fix="leave it out, or write udp://@"
        )
    rest = text[found.end() :].removesuffix("/")
    if odd := re.search("[/?#]", rest):
        raise AddressError(
            text,
            "options in a URL are not understood",
            fix=f"leave out all from {odd[0]} on",
        )
    # RFC 6874 section 2: inside a URI the % before a zone is written %25.
    return scheme, re.sub("%25(?=[A-Za-z])", "%", rest)


def _split_target(text: str, target: str) -> _Target:
    """Return address, interface and port of what stands after the source."""
    parts: _Target
    if target.startswith("["):
        return _split_brackets(text, target)
    if "%" in target:
        parts = _split_zoned(target)
    else:
        address, colon, port = target.rpartition(":")
        parts = (address, None, port) if colon else (target, None, None)
    if ":" in parts[0]:
        raise _unbracketed(text, target, *parts)
    return parts


def _split_zoned(target: str) -> _Target:
    # An interface may be an IPv6 address: the last colon is the port's.
    address, _, rest = target.partition("%")
    interface, colon, port = rest.rpartition(":")
    return (address, interface, port) if colon else (address, rest, None)


def _split_brackets(text: str, target: str) -> _Target:
    inside, closed, tail = target[1:].partition("]")
    if not closed:
        raise AddressError(text, "the bracket [ is not closed", fix=_EXAMPLES)
    address, percent, interface = inside.partition("%")
    if ":" not in address:
        raise AddressError(
            text, "brackets are for IPv6 only", fix=f"write {inside}{tail}"
        )
    if tail.startswith("%"):
        zone, _, port = tail.partition(":")
        raise AddressError(
            text,
            "the interface stands outside the brackets",
            fix=f"write [{address}{zone}]:{port or 'PORT'}",
        )
    if tail and not tail.startswith(":"):
        raise AddressError(text, "after ] comes a colon and the port", fix=_EXAMPLES)
    return address, interface if percent else None, tail[1:] if tail else None


def _unbracketed(
    text: str, target: str, address: str, interface: str | None, port: str | None
) -> AddressError:
    zone = f"%{interface}" if interface else ""
    if not _is_ipv6(address):
        address, port = (target, "") if _is_ipv6(target) else ("GROUP", "")
    return AddressError(
        text,
        "an IPv6 group stands in brackets",
        fix=f"write [{address}{zone}]:{port or 'PORT'}",
    )


def _is_ipv6(piece: str) -> bool:
    try:
        IPv6Address(piece)
    except ValueError:
        return False
    return True


def _read_source(text: str, piece: str) -> IPv4Address | IPv6Address:
    if piece.startswith("[") and piece.endswith("]"):
        piece = piece[1:-1]
    if "%" in piece:
        raise AddressError(
            text, "the source carries a zone", fix="write it after the group"
        )
    return _read_ip(text, piece, "source")


def _read_ip(text: str, piece: str, role: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(piece)
    except ValueError:
        problem, fix = _no_address(piece, role)
    raise AddressError(text, problem, fix=fix)


def _no_address(piece: str, role: str) -> tuple[str, str]:
    if not piece:
        return f"no {role} is named", _EXAMPLES
    if ":" in piece:
        return f"{piece!r} is no IPv6 address", "it takes eight numbers, or :: once"
    if not re.fullmatch("[0-9.]+", piece):
        return f"{piece!r} is no IP address", f"names do not do: {_EXAMPLES}"
    if re.search(r"(?<![0-9])0[0-9]", piece):
        return f"{piece!r} has leading zeros", "write its numbers without them"
    return f"{piece!r} is no IPv4 address", "it takes four numbers from 0 to 255"
