"""Options as fields: a command takes a few objects, and people see every option.

An option stands once, as a field of a frozen dataclass, with its flags, its help and
what it is without them. A command names the dataclasses that it wants.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints

__all__ = ["spread"]


def spread(command: Callable[..., int]) -> Callable[..., int]:
    """Return the command with an option for each field of its parameters."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {n: k for n, k in hints.items() if is_dataclass(k)}

    def flat(**options: Any) -> int:
        for name, kind in groups.items():
            options[name] = kind(**{f.name: options.pop(f.name) for f in fields(kind)})
        return command(**options)

    parameters = list(_parameters(command, hints))
    flat.__name__, flat.__doc__ = command.__name__, command.__doc__
    flat.__module__ = command.__module__
    flat.__annotations__ = {p.name: p.annotation for p in parameters}
    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return flat


def _parameters(
    command: Callable[..., int], hints: dict[str, Any]
) -> Iterator[inspect.Parameter]:
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if is_dataclass(kind):
            yield from _options(kind)
        else:
            keyword = inspect.Parameter.KEYWORD_ONLY
            yield parameter.replace(annotation=kind, kind=keyword)


def _options(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=hints[field.name],
        )
