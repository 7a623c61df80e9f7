"""What publishers and subscribers can be told, and what they refuse to be told."""

from typing import Any

import pytest

from groupwire import aio
from groupwire.aio import Full, PublishConfig, SubscribeConfig
from groupwire.errors import AddressError, UsageError
from groupwire.messages.delivery import Delivery


@pytest.mark.parametrize(
    "change",
    [
        {"ttl": 256},
        {"dscp": -1},
        {"receive_buffer": -1},
        {"timeout": -1},
        {"rate": 0},
        {"queue": 0},
        {"window": 1000},
        {"delay": -1},
        {"patience": 0},
        {"name": "a b"},
    ],
)
def test_a_publisher_refuses_what_cannot_work(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PublishConfig(**change)


@pytest.mark.parametrize(
    "change", [{"ttl": -1}, {"name": "42"}, {"full": Full.RAISE}, {"queue": 0}]
)
def test_a_subscriber_refuses_what_cannot_work(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        SubscribeConfig(**change)


def test_what_is_named_goes_before_the_config(group: str) -> None:
    publish = PublishConfig(name="a", ttl=3, delivery=Delivery.LATEST)
    assert publish.merged() is publish
    assert aio.publish(group, name="b", ttl=0, config=publish).config == PublishConfig(
        name="b", ttl=0, delivery=Delivery.LATEST
    )
    subscribe = SubscribeConfig(name="a", interface="eth0", queue=5)
    assert aio.subscribe(
        group, name="b", interface=0, config=subscribe
    ).config == SubscribeConfig(name="b", interface=0, queue=5)


def test_slips_are_told_before_anything_is_opened(group: str) -> None:
    with pytest.raises(AddressError):
        aio.publish("239.1.1")
    with pytest.raises(UsageError, match="#"):
        aio.subscribe(group, "a/#/b")
