"""One module for each measurement."""

from __future__ import annotations

from . import ask8, ask512, drain, fanout, segments, start

__all__ = ["CASES"]

CASES = {
    module.CASE.name: module.CASE
    for module in (ask8, ask512, fanout, drain, segments, start)
}
