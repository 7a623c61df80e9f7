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
    messages,
    segments,
    start,
    watch,
)

__all__ = ["CASES"]

CASES = {
    case.name: case
    for case in (
        ask8.CASE,
        ask512.CASE,
        fanout.CASE,
        drain.CASE,
        segments.CASE,
        core_segments.CASE,
        core_transfer.CASE,
        core_fec.CASE,
        deliver.CASE,
        deliver_small.CASE,
        deliver_many.CASE,
        deliver_members.CASE,
        deliver_memory.CASE,
        *messages.CASES,
        watch.CASE,
        start.CASE,
    )
}
