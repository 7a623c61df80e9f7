"""JSON of the values that several commands show."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

__all__ = ["data_fields"]


def data_fields(data: bytes) -> dict[str, Any]:
    """Return ``data`` as text where it is UTF-8, else ``data_base64``."""
    try:
        return {"data": data.decode()}
    except UnicodeDecodeError:
        return {"data_base64": b64encode(data).decode("ascii")}
