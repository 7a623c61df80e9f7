"""What a receiver is told at its beginning."""

from __future__ import annotations

from typing import Any

import pytest

from groupwire.errors import UsageError
from groupwire.norm.receive.config import Join, ReceiverConfig


def test_a_node_id_alone_is_enough() -> None:
    config = ReceiverConfig(1)
    assert config.join is Join.OBJECT
    assert not config.unicast
    assert not config.silent
    assert config.robust == 20  # RFC 5740 §5: NORM_ROBUST_FACTOR


@pytest.mark.parametrize("node", [0, -1, 0xFFFF_FFFF])
def test_nobody_and_everybody_are_no_node_ids(node: int) -> None:
    # RFC 5740 §4.1: NORM_NODE_NONE and NORM_NODE_ANY.
    with pytest.raises(UsageError, match="no node id"):
        ReceiverConfig(node)
    ReceiverConfig(0xFFFF_FFFE)


@pytest.mark.parametrize("objects", [0, 0x4001])
def test_the_window_of_objects_stays_far_below_half_of_all_ids(objects: int) -> None:
    with pytest.raises(UsageError, match="objects"):
        ReceiverConfig(1, objects=objects)
    ReceiverConfig(1, objects=0x4000)


@pytest.mark.parametrize(
    "name", ["robust", "nacks_per_cycle", "sources", "stream_blocks"]
)
def test_whoever_receives_has_at_least_one_of_each(name: str) -> None:
    wrong: dict[str, Any] = {name: 0}
    with pytest.raises(UsageError, match=name):
        ReceiverConfig(1, **wrong)


def test_memory_is_not_negative() -> None:
    with pytest.raises(UsageError, match="memory_bytes"):
        ReceiverConfig(1, memory_bytes=-1)
    ReceiverConfig(1, memory_bytes=0)
