from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Interface, ip_network
from random import Random

import pytest
from tests.deliver.fakes import MemoryStorage

from groupwire.deliver.pull import strangers as module
from groupwire.deliver.pull.plumbing.papers import Room
from groupwire.deliver.pull.plumbing.setting import Setting
from groupwire.deliver.pull.rules import PullRules
from groupwire.deliver.pull.strangers import Strangers
from groupwire.gather import AnswerPolicy
from groupwire.norm.receive.events import SenderKey
from groupwire.values import Datagram, Interface, Origin

KEY = SenderKey(Origin("10.0.0.1", 5000), 7, 1)
LINK = Interface("eth0", 1, (IPv4Interface("10.0.0.9/24"),))


def strangers(*, answer_to: str = "10.0.0.0/8") -> Strangers:
    rules = PullRules("m", 9, answer_to=(ip_network(answer_to),))
    policy = AnswerPolicy(rules.limits, [LINK])
    setting = Setting(
        rules, MemoryStorage(), Random(1), policy, lambda *_: None, Room(1)
    )
    setting.links[1] = LINK
    return Strangers(setting)


def ask_on(them: Strangers, until: float) -> tuple[int, list[SenderKey]]:
    """Return how many questions left, and who turned out to be foreign."""
    sent = len(list(them.poll_transmits()))
    foreign: list[SenderKey] = []
    while (due := them.deadline) is not None and due <= until:
        foreign += them.expire(due)
        sent += len(list(them.poll_transmits()))
    return sent, foreign


def test_who_does_not_answer_three_times_is_foreign() -> None:
    them = strangers()
    them.found(KEY, 1, 0.0)
    assert KEY in them
    assert ask_on(them, 0.45) == (3, [])
    assert ask_on(them, 0.51) == (0, [KEY])
    assert KEY not in them
    assert them.deadline is None


def test_who_speaks_our_words_is_asked_for_ever() -> None:
    them = strangers()
    them.speaks_ours(KEY)
    them.found(KEY, 1, 0.0)
    them.speaks_ours(KEY)
    sent, foreign = ask_on(them, 10.0)
    assert 15 <= sent <= 24
    assert not foreign
    them.known(KEY)
    them.known(KEY)
    assert them.deadline is None


def test_who_has_no_place_now_is_asked_later() -> None:
    them = strangers()
    them.pause(KEY, 0.0)
    them.found(KEY, 1, 0.0)
    assert ask_on(them, 0.0) == (1, [])
    them.pause(KEY, 0.1)
    assert ask_on(them, 1.0) == (0, [])
    assert ask_on(them, 1.1) == (1, [])


def test_a_question_beyond_the_link_is_as_long_as_its_answer_may_be() -> None:
    them = strangers()
    them.found(KEY, 1, 0.0)
    other = SenderKey(Origin("10.1.0.1", 5000), 7, 1)
    them.found(other, 1, 0.0)
    near, far = (len(t.data) for t in them.poll_transmits())
    assert near < 100
    assert far > 400


def test_who_must_not_be_answered_is_not_asked() -> None:
    them = strangers(answer_to="10.3.0.0/16")
    other = SenderKey(Origin("10.1.0.1", 5000), 7, 1)
    them.found(other, 1, 0.0)
    assert ask_on(them, 0.6) == (0, [other])
    assert them._setting.dropped == Counter({"off-link": 1})


def test_strangers_are_bounded_and_forgotten_when_they_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_STRANGERS", 2)
    them = strangers()
    keys = [SenderKey(KEY.origin, n, 1) for n in range(3)]
    for key in keys:
        them.found(key, 1, 0.0)
    assert keys[2] not in them
    assert them._setting.dropped == Counter({"too-many-senders": 1})
    them.keep([keys[1]])
    assert keys[0] not in them
    assert keys[1] in them


def test_an_answer_is_known_by_its_id_and_origin() -> None:
    them = strangers()
    them.found(KEY, 1, 0.0)
    them.found(SenderKey(Origin("10.0.0.2", 1), 1, 1), 1, 0.0)
    asked = [bytes(t.data) for t in them.poll_transmits() if t.to == KEY.origin]
    assert them.asked(Datagram(asked[0], KEY.origin)) == KEY
    assert them.asked(Datagram(asked[0], Origin("10.0.0.3", 1))) is None
    ask_on(them, 0.3)
    them.speaks_ours(KEY)
    them.expire(0.51)
    list(them.expire(0.51))
    assert them.asked(Datagram(asked[0], KEY.origin)) is None
