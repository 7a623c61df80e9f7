"""What a delivery can be told, and what it refuses to be told."""

from math import inf, nan
from typing import Any

import pytest

from groupwire.aio.delivery import PullConfig, PushConfig
from groupwire.deliver.entries import Entry
from groupwire.errors import UsageError


@pytest.mark.parametrize(
    "change",
    [
        {"ttl": 256},
        {"dscp": -1},
        {"patience": 0},
        {"patience": nan},
        {"progress_s": 0},
        {"stall": 0},
        {"wait": -1},
        {"wait": inf},
        {"start_with": -1},
        {"rate": 0},
        {"drop_below": -5.0},
        {"parity": 65},
        {"title": ""},
        {"name": "a b"},
        {"expect": 0},
    ],
)
def test_a_push_refuses_what_cannot_work(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PushConfig(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"lose": 1.5},
        {"ttl": -1},
        {"receive_buffer": -1},
        {"patience": -1},
        {"timeout": 0},
        {"max_size": -1},
        {"name": "42"},
    ],
)
def test_a_pull_refuses_what_cannot_work(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PullConfig(**change)


def test_what_is_named_for_a_push_goes_before_its_config() -> None:
    config = PushConfig(expect=2, name="a", interface="eth0", ttl=3, rate=8e6)
    assert config.merged() == config
    merged = config.merged(expect="b,c", name="b", interface=0, ttl=0)
    assert merged == PushConfig(expect="b,c", name="b", interface=0, ttl=0, rate=8e6)


def test_what_is_named_for_a_pull_goes_before_its_config() -> None:
    def accept(entry: Entry) -> bool:
        return bool(entry.path)

    config = PullConfig(name="a", interface="eth0", ttl=3, timeout=5)
    assert config.merged() == config
    merged = config.merged(name="b", interface=0, ttl=0, accept=accept)
    assert merged == PullConfig(name="b", interface=0, ttl=0, timeout=5, accept=accept)
