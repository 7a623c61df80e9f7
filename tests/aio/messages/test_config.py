"""What publishers and subscribers can be told, and what they refuse to be told."""

from typing import Any

import pytest

from groupwire import aio
from groupwire.aio import Full, PublishConfig, StartAt, SubscribeConfig
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
        {"segment": 63},
        {"segment": 65_001},
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


def test_a_choice_may_be_its_plain_word() -> None:
    words: dict[str, Any] = {"full": "drop-oldest"}
    publish = PublishConfig(delivery=_word("latest"), **words)
    assert (publish.delivery, publish.full) == (Delivery.LATEST, Full.DROP_OLDEST)
    assert publish.delivery is Delivery.LATEST
    assert publish.full is Full.DROP_OLDEST
    subscribe = SubscribeConfig(start_at=_word("window"), **words)
    assert subscribe.start_at is StartAt.WINDOW
    assert subscribe.full is Full.DROP_OLDEST
    assert not SubscribeConfig(full=_word("wait")).drops


@pytest.mark.parametrize(
    ("kind", "what", "choices"),
    [
        (PublishConfig, "delivery", "'reliable', 'besteffort', 'latest'"),
        (PublishConfig, "full", "'wait', 'drop-oldest', 'drop-newest', 'raise'"),
        (SubscribeConfig, "start_at", "'now', 'last-value', 'window'"),
        (SubscribeConfig, "full", "'wait', 'drop-oldest', 'drop-newest', 'raise'"),
    ],
)
def test_what_is_no_choice_is_refused_with_those_there_are(
    kind: Any, what: str, choices: str
) -> None:
    with pytest.raises(UsageError, match=f"{what} is 'bogus'.*{choices}"):
        kind(**{what: "bogus"})


def _word(word: str) -> Any:
    return word


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
