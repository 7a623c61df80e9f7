"""Topics and patterns as MQTT 3.1.1 §4.7 has them (docs/messages.md §6)."""

from __future__ import annotations

from collections.abc import Iterable

from groupwire.errors import UsageError

__all__ = [
    "MAX_TOPIC_BYTES",
    "NOT_IN_TOPICS",
    "Patterns",
    "checked_pattern",
    "checked_topic",
]

MAX_TOPIC_BYTES = 1024
NOT_IN_TOPICS = frozenset("+#\0")
_MOST_REMEMBERED = 4096
"""Topics of which it is known whether they match."""
_ONE, _REST = "+", "#"


def checked_topic(text: str) -> bytes:
    """Return a topic as it travels; UsageError for what is none."""
    data = _checked(text, "topic")
    for character in "+#":
        if character in text:
            raise UsageError(
                f"{text[:80]!r} is no topic: {character!r} stands in patterns only",
                fix="use another character",
            )
    return data


def checked_pattern(text: str) -> str:
    """Return ``text``; UsageError when it is no pattern."""
    _checked(text, "pattern")
    levels = text.split("/")
    if any(len(level) > 1 and ("+" in level or "#" in level) for level in levels):
        raise UsageError(
            f"{text[:80]!r} is no pattern: '+' and '#' are whole levels",
            fix="use a/+/c for one level, a/# for the rest",
        )
    if _REST in levels[:-1]:
        raise UsageError(
            f"{text[:80]!r} is no pattern: '#' stands at the end", fix="use a/#"
        )
    return text


def _checked(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise UsageError(
            f"a {what} is a str, not {type(text).__name__}", fix="decode it first"
        )
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{text[:80]!r} is no {what}: no UTF-8 can hold it",
            fix="leave half surrogates out",
        ) from None
    if not 1 <= len(data) <= MAX_TOPIC_BYTES:
        raise UsageError(
            f"a {what} of {len(data)} bytes is not possible",
            fix=f"use 1 to {MAX_TOPIC_BYTES}",
        )
    if "\0" in text:
        raise UsageError(f"{text[:80]!r} is no {what}: it holds a NUL", fix="leave it")
    return data


class Patterns:
    """What somebody wants to hear: matches each topic once and remembers it."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.texts = tuple(map(checked_pattern, patterns))
        self._levels = [text.split("/") for text in self.texts]
        self._known: dict[str, bool] = {}

    def matches(self, topic: str) -> bool:
        """Return whether one of the patterns matches."""
        known = self._known.get(topic)
        if known is None:
            known = self._match(topic)
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[topic] = known
        return known

    def _match(self, topic: str) -> bool:
        levels = topic.split("/")
        hidden = topic.startswith("$")
        return any(
            _matches(pattern, levels)
            for pattern in self._levels
            if not (hidden and pattern[0] in {_ONE, _REST})
        )


def _matches(pattern: list[str], levels: list[str]) -> bool:
    rest = pattern[-1] == _REST
    fixed = pattern[:-1] if rest else pattern
    if len(levels) < len(fixed) or (len(levels) > len(fixed) and not rest):
        return False
    return all(p in (_ONE, level) for p, level in zip(fixed, levels, strict=False))
