"""A rule of nftables in words, nearly as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groupwire.diagnose.evidence.firewall.shapes import as_dict, as_list, only

__all__ = ["MAX_WORDS", "words"]

MAX_WORDS = 200
"""Characters of a rule that are shown."""


def words(expressions: Iterable[Any]) -> str:
    """Return ``ip daddr 224.0.0.0/4 drop``."""
    text = " ".join(filter(None, (_expression(one) for one in expressions)))
    return text if len(text) <= MAX_WORDS else f"{text[: MAX_WORDS - 3]}..."


def _expression(one: Any) -> str:
    name, value = only(one)
    inner = as_dict(value)
    match name:
        case "match":
            operator = inner.get("op")
            between = f" {operator} " if operator not in {"==", "in"} else " "
            return f"{_value(inner.get('left'))}{between}{_value(inner.get('right'))}"
        case "vmap":
            return f"{_value(inner.get('key'))} vmap {_value(inner.get('data'))}"
        case "jump" | "goto":
            return f"{name} {inner.get('target')}"
        case _:
            return name


def _value(value: Any) -> str:
    if named := as_dict(value):
        return _named(*only(named))
    if elements := as_list(value):
        return ",".join(map(_value, elements))
    return str(value)


def _named(name: str, inner: Any) -> str:
    keys, elements = as_dict(inner), as_list(inner)
    return {
        "payload": f"{keys.get('protocol')} {keys.get('field')}",
        "meta": str(keys.get("key")),
        "ct": f"ct {keys.get('key')}",
        "prefix": f"{keys.get('addr')}/{keys.get('len')}",
        "range": "-".join(map(str, elements)),
        "set": f"{{ {', '.join(map(_element, elements))} }}",
    }.get(name, name)


def _element(one: Any) -> str:
    pair = as_list(one)
    if len(pair) == 2:
        return f"{_value(pair[0])} : {_value(pair[1])}"
    return _value(one)
