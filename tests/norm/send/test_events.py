from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from groupwire.norm.send import events
from groupwire.norm.send.events import ObjectSent, SenderEvent


def test_the_union_holds_every_event() -> None:
    """Whoever matches all of it has matched all there are."""
    named = {getattr(events, name) for name in events.__all__ if name != "SenderEvent"}
    assert set(get_args(SenderEvent)) == named


def test_what_has_happened_does_not_change() -> None:
    sent = ObjectSent(3)
    with pytest.raises(FrozenInstanceError):
        sent.object = 4  # type: ignore[misc]
