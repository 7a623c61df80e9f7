"""JSON whose shape is not known: what it is not, it is empty of."""

from __future__ import annotations

from typing import Any, cast

__all__ = ["as_dict", "as_list", "only"]


def as_dict(value: object) -> dict[str, Any]:
    """Return an object's keys; none where it is no object."""
    shaped: dict[str, Any] = cast(Any, value) if isinstance(value, dict) else {}
    return shaped


def as_list(value: object) -> list[Any]:
    """Return a list's elements; none where it is no list."""
    shaped: list[Any] = cast(Any, value) if isinstance(value, list) else []
    return shaped


def only(value: object) -> tuple[str, Any]:
    """Return the one key of an object, and what stands there."""
    return next(iter(as_dict(value).items()), ("", None))
