"""Rules say at once what cannot be, and what would do."""

from typing import Any

import pytest

from groupwire.errors import UsageError
from groupwire.messages.rules import PublishRules, SubscribeRules


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "two words"},
        {"node": 0},
        {"node": 0xFFFF_FFFD},
        {"instance": -1},
        {"instance": 65_536},
        {"queue_bytes": 0},
        {"window_bytes": 1000},
        {"window_bytes": 1 << 31},
        {"delay_s": -0.1},
        {"patience_s": 0.0},
        {"members": 0},
        {"segment_bytes": 0},
    ],
)
def test_a_publisher_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"id": 1, "node": 1, "instance": 1, "name": "cam"}
    PublishRules(**right)
    with pytest.raises(UsageError) as caught:
        PublishRules(**right | wrong)
    assert caught.value.fix


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"node": 0},
        {"patterns": ()},
        {"patterns": ("a+",)},
        {"queue_bytes": 0},
        {"memory_bytes": -1},
    ],
)
def test_a_subscriber_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"id": 1, "node": 1, "name": "screen"}
    SubscribeRules(**right)
    with pytest.raises(UsageError) as caught:
        SubscribeRules(**right | wrong)
    assert caught.value.fix
