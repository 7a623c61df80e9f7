"""One module for each measurement."""

from __future__ import annotations

from . import (
    ask8,
    ask512,
    core_fec,
    core_segments,
    core_transfer,
    deliver,
    deliver_many,
    deliver_members,
    deliver_memory,
    deliver_small,
    drain,
    fanout,
    segments,
    start,
    watch,
)

__all__ = ["CASES"]

CASES = {
    module.CASE.name: module.CASE
    for module in (
        ask8,
        ask512,
        fanout,
        drain,
        segments,
        core_segments,
        core_transfer,
        core_fec,
        deliver,
        deliver_small,
        deliver_many,
        deliver_members,
        deliver_memory,
        watch,
        start,
    )
}
