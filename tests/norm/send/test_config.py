from typing import Any

import pytest

from groupwire.errors import UsageError
from groupwire.norm.send.config import SenderConfig


def test_the_defaults_are_those_of_rfc_5740() -> None:
    config = SenderConfig(1, 7)
    assert (config.backoff, config.robust) == (4, 20)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"node": 0}, "0 is no node id"),
        ({"node": 0xFFFF_FFFF}, "4294967295 is no node id"),
        ({"instance": -1}, "-1 is no instance"),
        ({"instance": 65_536}, "65536 is no instance"),
        ({"backoff": -1}, "no backoff of -1"),
        ({"backoff": 16}, "no backoff of 16"),
        ({"kept_objects": 0}, "0 objects cannot be kept"),
        ({"kept_objects": 16_385}, "16385 objects cannot be kept"),
        ({"robust": 0}, "said 0 times"),
        ({"members": 0}, "has 0 members"),
        ({"auto_parity": -1}, "no -1 parity symbols"),
        ({"gather_s": -1.0}, "nobody waits -1.0 s"),
        ({"first_object": -1}, "-1 is no number"),
        ({"initial_grtt_s": 0.0}, "round trip of 0.0 s"),
        ({"shortest_grtt_s": 0.0}, "round trip of 0.0 s"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SenderConfig(**{"node": 1, "instance": 7, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"node": 1, "instance": 0, "backoff": 0, "kept_objects": 1, "robust": 1},
        {"node": 0xFFFF_FFFE, "instance": 65_535, "backoff": 15, "members": 1},
        {"kept_objects": 16_384, "auto_parity": 0, "kept_bytes": 0},
    ],
)
def test_whatever_the_wire_can_hold_is_taken(changes: dict[str, Any]) -> None:
    config = SenderConfig(**{"node": 1, "instance": 7, **changes})
    assert {name: getattr(config, name) for name in changes} == changes


def test_small_groups_ask_and_are_answered_at_once() -> None:
    config = SenderConfig.low_latency(3, 8, members=5)
    assert (config.node, config.instance, config.members) == (3, 8, 5)
    assert config.backoff == 0
    assert config.coding.block < SenderConfig(3, 8).coding.block
    assert config.initial_grtt_s < SenderConfig(3, 8).initial_grtt_s
