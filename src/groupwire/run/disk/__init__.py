"""Files off the event loop: read and digested ahead, written behind.

Who sends loads nothing of what stores.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groupwire.run.disk.shelf import FileShelf
    from groupwire.run.disk.storage import DiskStorage

__all__ = ["DiskStorage", "FileShelf"]

_PLACES = {"DiskStorage": "storage", "FileShelf": "shelf"}


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value
