"""What a member that leaves says, and to whom it may."""

from __future__ import annotations

from ipaddress import IPv4Interface
from random import Random

from tests.deliver.fakes import MemoryStorage

from groupwire.deliver.pull.plumbing.farewell import say_left
from groupwire.deliver.pull.plumbing.papers import Room
from groupwire.deliver.pull.plumbing.run import Run
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.rules import PullRules
from groupwire.deliver.wire.speech import decode_word
from groupwire.deliver.words import MemberPhase, State
from groupwire.gather import AnswerPolicy, Kind, Tagged
from groupwire.norm import Receiver, ReceiverConfig
from groupwire.norm.receive.events import SenderKey
from groupwire.values import Interface, Origin

LINK = Interface("eth0", 1, (IPv4Interface("10.0.0.9/24"),))


def left(sender: str) -> Setting:
    """Let a member leave the delivery of a sender at that address."""
    rules = PullRules("m", 9)
    policy, dice = AnswerPolicy(rules.limits, [LINK]), Random(1)
    setting = Setting(rules, MemoryStorage(), dice, policy, lambda *_: None, Room(1))
    receiver = Receiver(ReceiverConfig(9), dice)
    key = SenderKey(Origin(sender, 5000), 7, 1)
    run = Run(receiver, key, lambda *_: None)
    run.interface = LINK.index
    say_left(setting, 5, run, 1.0)
    return setting


def test_who_leaves_tells_the_sender_three_times() -> None:
    words = left("10.0.0.1").last_words
    assert [word.to for word in words] == [Origin("10.0.0.1", 5000)] * 3
    (data,) = {word.data for word in words}
    told = Tagged.decode(data)
    assert (told.kind, told.name) == (Kind.MESSAGE, "m")
    assert decode_word(told.data) == State(5, 9, MemberPhase.LEFT)


def test_a_sender_beyond_the_link_is_told_nothing_and_that_is_counted() -> None:
    setting = left("192.0.2.1")
    assert not setting.last_words
    assert setting.dropped == {"off-link": 1}
