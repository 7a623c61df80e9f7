"""Who is expected to answer: names, addresses, a number, or nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self, TypeAlias

from groupwire.errors import UsageError
from groupwire.gather.names import checked_name

__all__ = ["Expectation", "Expected"]

Address: TypeAlias = IPv4Address | IPv6Address
Expected: TypeAlias = "Expectation | int | str | Iterable[str | Address] | None"
"""What ``expect`` takes: a number, names, addresses, or text as on the command line."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """Names and addresses, or a count; all empty: nobody in particular."""

    names: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    count: int = 0

    def __post_init__(self) -> None:
        if self.count and (self.names or self.addresses):
            raise UsageError(
                "a number and names cannot both be expected", fix="use one of them"
            )
        if self.count < 0:
            raise UsageError(
                f"{self.count} answers cannot be expected", fix="use 1 or more"
            )

    @classmethod
    def of(cls, expected: Expected) -> Expectation:
        """Make one of whatever ``expect`` was; UsageError says what would do."""
        if expected is None:
            return _NOBODY
        if isinstance(expected, Expectation):
            return expected
        if isinstance(expected, int):
            return cls(count=_positive(expected))
        if isinstance(expected, str):
            return cls.parse(expected)
        return cls._of_members(str(member) for member in expected)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``3``, ``cam1,cam2`` or ``10.0.0.7,cam2``."""
        stripped = text.strip()
        if stripped.isdecimal():
            # Nine digits are plenty, and int() has a limit of its own.
            return cls(count=_positive(int(stripped[:9])))
        members = [part.strip() for part in stripped.split(",")]
        return cls._of_members(part for part in members if part)

    @classmethod
    def _of_members(cls, members: Iterable[str]) -> Self:
        names: dict[str, None] = {}
        addresses: dict[Address, None] = {}
        for member in members:
            address = _address(member)
            if address is not None:
                addresses[address] = None
            else:
                names[checked_name(member)] = None
        if not names and not addresses:
            raise UsageError(
                "nobody is named",
                fix="name members, for example cam1,cam2, or a number",
            )
        return cls(tuple(names), tuple(addresses))

    @property
    def size(self) -> int:
        """How many members are expected."""
        return self.count or len(self.names) + len(self.addresses)

    def __bool__(self) -> bool:
        return self.size > 0


_NOBODY = Expectation()


def _positive(number: int) -> int:
    if number < 1:
        raise UsageError(f"{number} answers cannot be expected", fix="use 1 or more")
    return number


def _address(text: str) -> Address | None:
    try:
        return ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
