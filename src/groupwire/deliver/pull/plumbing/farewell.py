"""The last words of a member that is told to end (docs/delivery.md §6.1)."""

from __future__ import annotations

from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import MemberPhase, State
from groupwire.gather import Kind, Tagged
from groupwire.values import Transmit

__all__ = ["say_left"]

_TIMES = 3
"""Nobody is there to repeat it."""


def say_left(setting: Setting, delivery: int, run: Run, now: float) -> None:
    """Tell a sender that it is not to wait for this member."""
    rules, to = setting.rules, run.sender.origin
    word = encode_word(State(delivery, rules.node, MemberPhase.LEFT))
    request = setting.rng.getrandbits(64)
    said = Tagged(Kind.MESSAGE, request, word, name=rules.name).encode()
    if setting.may_say(to, run.interface, len(said), now):
        setting.last_words.extend([Transmit(said, to)] * _TIMES)
