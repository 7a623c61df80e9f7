"""Values that a rule compares with: names, ranges of numbers and of addresses."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

__all__ = ["Answer", "address", "addresses", "fits", "numbers"]

_IP = IPv4Address | IPv6Address
Answer: TypeAlias = str | tuple[int, int] | IPv4Network | IPv6Network | tuple[_IP, _IP]
"""A name (``eth*`` is the start of one), a range with both ends, or a network."""


def numbers(first: str, last: str = "") -> tuple[int, int] | None:
    """Read a number or a range of them."""
    low, high = first, last or first
    if not (low.isdigit() and high.isdigit()):
        return None
    return int(low), int(high)


def address(text: str) -> IPv4Network | IPv6Network | None:
    """Read an address, perhaps with its prefix length or mask."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def addresses(first: str, last: str) -> tuple[_IP, _IP] | None:
    """Read a range of addresses."""
    try:
        return ip_address(first), ip_address(last)
    except ValueError:
        return None


def fits(answer: Answer, asked: object) -> bool:
    """Tell whether what a packet has is what the rule compares with."""
    match answer:
        case str():
            if answer.endswith("*"):
                return str(asked).startswith(answer[:-1])
            return answer == asked
        case tuple():
            low, high = answer
            return _between(low, asked, high)
        case _:
            return isinstance(asked, _IP) and asked in answer


def _between(low: int | _IP, asked: object, high: int | _IP) -> bool:
    if isinstance(low, int):
        return isinstance(asked, int) and low <= asked <= int(high)
    if not isinstance(asked, _IP) or asked.version != low.version:
        return False
    return int(low) <= int(asked) <= int(high)
