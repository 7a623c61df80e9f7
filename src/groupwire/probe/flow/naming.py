"""``GROUP+N``: N groups in a row, as whoever watches many writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from groupwire.errors import AddressError, UsageError
from groupwire.values import Group

__all__ = ["MAX_GROUPS", "groups_of"]

MAX_GROUPS = 1024
"""Groups that one watch joins."""
_MANY = re.compile(r"(?P<head>.+)\+(?P<many>\d{1,9})(?P<port>:\d+)?", re.ASCII)


def groups_of(texts: Iterable[Group | str]) -> tuple[Group, ...]:
    """Return the groups meant, each once; ``+N`` stands behind the address or port.

    Raises AddressError for a text that names none, UsageError for too many.
    """
    found: dict[Group, None] = {}
    for text in texts:
        for group in [text] if isinstance(text, Group) else _expand(text):
            found[group] = None
        if len(found) > MAX_GROUPS:
            raise UsageError(
                f"that are more than {MAX_GROUPS:,} groups",
                fix="watch fewer, or run several watches",
            )
    return tuple(found)


def _expand(text: str) -> list[Group]:
    many = _MANY.fullmatch(text)
    if many is None:
        return [Group.parse(text)]
    first = Group.parse(many["head"] + (many["port"] or ""))
    count = int(many["many"])
    if not 1 <= count <= MAX_GROUPS:
        raise AddressError(
            text,
            f"+{count} is no number of groups",
            fix=f"write {first}+N with N from 1 to {MAX_GROUPS}",
        )
    try:
        return [replace(first, ip=first.ip + step) for step in range(count)]
    except AddressError as error:
        raise AddressError(
            text,
            f"the {count:,} addresses from {first.ip} on are not all groups",
            fix="write a smaller number behind the +, or begin at a lower address",
        ) from error
