"""Members of a group on one clock, joined by links that can fail."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from random import Random

import pytest

from groupwire.norm.rate.control import FixedRate
from groupwire.norm.receive.config import ReceiverConfig
from groupwire.norm.receive.events import ObjectReceived
from groupwire.norm.receive.receiver import Receiver
from groupwire.norm.send.config import SenderConfig
from groupwire.norm.send.sender import Sender
from groupwire.testing import Faults, Lab, Member, StuckError
from groupwire.values import Datagram, Origin, Transmit

STRANGER = Origin("192.0.2.66", 6666)


class Talker:
    """A core that says what it is told and remembers what it hears."""

    def __init__(self, *first: bytes) -> None:
        self.heard: list[tuple[float, Datagram]] = []
        self.woken: list[float] = []
        self.alarms: list[float] = []
        self._out = [Transmit(data) for data in first]
        self._events: list[str] = []

    def say(self, data: bytes, to: Origin | None = None, step: int = 0) -> None:
        self._out.append(Transmit(data, to, step))

    @property
    def data(self) -> list[bytes]:
        return [datagram.data for _, datagram in self.heard]

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.heard]

    def handle_datagram(self, datagram: Datagram, *, now: float) -> None:
        self.heard.append((now, datagram))
        self._events.append("heard")

    def handle_timeout(self, *, now: float) -> None:
        self.woken.append(now)
        self.alarms = [alarm for alarm in self.alarms if alarm > now]

    def poll_transmits(self) -> Sequence[Transmit]:
        out, self._out = self._out, []
        return out

    def poll_events(self) -> Sequence[str]:
        events, self._events = self._events, []
        return events

    def poll_timeout(self) -> float | None:
        return min(self.alarms, default=None)


def _say(member: Member[Talker], data: bytes, to: Origin | None = None) -> None:
    member.do(lambda core, _: core.say(data, to))


def _row(member: Member[Talker], data: bytes, step: int) -> None:
    member.do(lambda core, _: core.say(data, None, step))


def _wake(member: Member[Talker], *alarms: float) -> None:
    member.do(lambda core, _: core.alarms.extend(alarms))


def _trio(lab: Lab) -> list[Member[Talker]]:
    return [lab.add(name, Talker()) for name in "abc"]


# Who hears what.


def test_all_others_hear_what_goes_to_the_group() -> None:
    lab = Lab(1)
    a, b, c = _trio(lab)
    _say(a, b"hello")
    lab.run(1.0)
    assert (a.core.data, b.core.data, c.core.data) == ([], [b"hello"], [b"hello"])
    ((_, datagram),) = b.core.heard
    assert datagram.origin == a.origin
    assert datagram.group == ip_address("233.252.0.1")


def test_one_hears_what_goes_to_one() -> None:
    lab = Lab(1)
    a, b, c = _trio(lab)
    _say(a, b"psst", c.origin)
    _say(a, b"anybody?", STRANGER)
    lab.run(1.0)
    assert (a.core.data, b.core.data, c.core.data) == ([], [], [b"psst"])
    ((_, datagram),) = c.core.heard
    assert datagram.group is None


def test_with_loopback_one_hears_oneself() -> None:
    lab = Lab(1, loopback=True)
    a, b, _ = _trio(lab)
    _say(a, b"hello")
    lab.run(1.0)
    assert a.core.data == b.core.data == [b"hello"]


def test_what_a_member_wants_at_once_is_done_as_it_is_added() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    lab.add("b", Talker(b"here I am"))
    lab.run(0.0)
    assert a.core.data == [b"here I am"]


def test_every_member_has_an_address_of_its_own_also_after_others_have_gone() -> None:
    lab = Lab(1)
    a, b, c = _trio(lab)
    lab.remove(b)
    d = lab.add("d", Talker())
    assert len({member.origin for member in (a, b, c, d)}) == 4


def test_a_verb_returns_what_it_returns() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    lab.run(2.5)
    assert a.do(lambda core, now: (core, now)) == (a.core, 2.5)


def test_events_go_to_whoever_asked_for_them_and_into_the_log() -> None:
    lab = Lab(1, keep_log=True)
    events: list[str] = []
    lab.add("a", Talker(), on_event=events.append)
    b = lab.add("b", Talker())
    _say(b, b"1")
    lab.run(1.0)
    assert events == ["heard"]
    assert "0.000000000 a ! str\n" in lab.log.text


# Links.


def test_each_member_has_a_link_up_and_a_link_down() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker(), up=Faults(delay_s=0.1), down=Faults(delay_s=0.3))
    b = lab.add("b", Talker(), up=Faults(delay_s=0.5), down=Faults(delay_s=0.7))
    _say(a, b"1")
    _say(b, b"2")
    lab.run(2.0)
    assert b.core.times == pytest.approx([0.1 + 0.7])
    assert a.core.times == pytest.approx([0.5 + 0.3])


def test_members_lose_each_by_themselves() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    b, c = (lab.add(name, Talker(), down=Faults(loss=0.5)) for name in "bc")
    for number in range(100):
        _say(a, bytes([number]))
    lab.run(1.0)
    assert 25 < len(b.core.data) < 75
    assert 25 < len(c.core.data) < 75
    assert b.core.data != c.core.data


def test_what_is_lost_on_the_way_up_nobody_hears() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker(), up=Faults(loss=0.5))
    b, c = (lab.add(name, Talker()) for name in "bc")
    for number in range(100):
        _say(a, bytes([number]))
    lab.run(1.0)
    assert 25 < len(b.core.data) < 75
    assert b.core.data == c.core.data
    assert lab.sent["a"] == 100


def test_who_shares_a_link_down_loses_the_same() -> None:
    lab = Lab(1)
    cable = lab.link(Faults(loss=0.5), "cable")
    a = lab.add("a", Talker())
    b, c = (lab.add(name, Talker(), down=cable) for name in "bc")
    for number in range(100):
        _say(a, bytes([number]))
    lab.run(1.0)
    assert b.core.data == c.core.data
    assert len(b.core.data) + cable.dropped["loss"] == 100


def test_a_shared_link_down_carries_what_goes_to_all_only_once() -> None:
    lab = Lab(1)
    cable = lab.link(Faults(rate_bytes_per_s=1000), "cable")
    a = lab.add("a", Talker())
    b, c = (lab.add(name, Talker(), down=cable) for name in "bc")
    for _ in range(3):
        _say(a, bytes(72))  # and 28 bytes of headers
    lab.run(10.0)
    assert b.core.times == c.core.times == pytest.approx([0.1, 0.2, 0.3])


def test_a_link_down_carries_first_what_is_there_first() -> None:
    lab = Lab(1)
    down = Faults(rate_bytes_per_s=1000.0, queue_bytes=0)
    far = lab.add("far", Talker(), up=Faults(delay_s=10.0))
    near = lab.add("near", Talker())
    heard = lab.add("heard", Talker(), down=down)
    _say(far, b"said first", heard.origin)
    _say(near, b"there first", heard.origin)
    lab.run(20.0)
    assert heard.core.data == [b"there first", b"said first"]
    assert heard.core.times == pytest.approx([0.039, 10.038])


def test_who_shares_a_link_up_waits_for_the_others() -> None:
    lab = Lab(1)
    cable = lab.link(Faults(rate_bytes_per_s=1000), "cable")
    a = lab.add("a", Talker())
    b, c = (lab.add(name, Talker(), up=cable) for name in "bc")
    _say(b, bytes(72), a.origin)
    _say(c, bytes(72), a.origin)
    lab.run(10.0)
    assert a.core.times == pytest.approx([0.1, 0.2])


def test_a_member_can_be_cut_off_in_one_direction_or_both() -> None:
    lab = Lab(1)
    a, b = (lab.add(name, Talker()) for name in "ab")
    b.cut(up=False)
    _say(a, b"unheard")
    _say(b, b"heard")
    b.cut(up=True, down=False)
    _say(a, b"heard")
    _say(b, b"unheard")
    b.cut(up=False, down=False)
    _say(a, b"again")
    _say(b, b"again")
    b.cut()
    _say(a, b"lost")
    _say(b, b"lost")
    lab.run(1.0)
    assert a.core.data == b.core.data == [b"heard", b"again"]


# Rows of datagrams.


def test_a_row_is_taken_apart_on_its_way() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    _row(a, b"aaabbbc", 3)
    lab.run(1.0)
    assert b.core.data == [b"aaa", b"bbb", b"c"]
    assert lab.sent["a"] == 3


def test_a_datagram_without_bytes_is_one() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    _say(a, b"")
    lab.run(1.0)
    assert b.core.data == [b""]
    assert lab.sent["a"] == 1


def test_coalesced_what_arrives_together_is_handed_over_as_one() -> None:
    lab = Lab(1, coalesce=True)
    a, b, _ = _trio(lab)
    _row(a, b"aaabbbc", 3)
    _row(a, b"dddeee", 3)
    _say(a, b"alone")
    lab.run(1.0)
    heard = [(d.data, d.segment_bytes) for _, d in b.core.heard]
    assert heard == [(b"aaabbbc", 3), (b"dddeee", 3), (b"alone", 0)]


def test_coalesced_a_row_ends_where_something_arrives_at_another_time() -> None:
    # Three bytes and 28 of headers: a second each.
    lab = Lab(1, coalesce=True)
    a, b = (lab.add(name, Talker()) for name in "ab")
    b.down.faults = Faults(rate_bytes_per_s=31)
    _row(a, b"aaabbb", 3)
    lab.run(10.0)
    assert b.core.data == [b"aaa", b"bbb"]
    assert b.core.times == pytest.approx([1.0, 2.0])


def test_coalesced_what_is_lost_leaves_a_shorter_row_or_none() -> None:
    lab = Lab(3, coalesce=True)
    a = lab.add("a", Talker())
    b = lab.add("b", Talker(), down=Faults(loss=0.5))
    c = lab.add("c", Talker(), down=Faults(loss=1.0))
    _row(a, bytes(range(100)), 1)
    lab.run(1.0)
    ((_, row),) = b.core.heard
    assert 25 < len(row.data) < 75
    assert row.segment_bytes == 1
    assert c.core.heard == []


# Time.


def test_a_core_is_woken_when_it_wants_to_be() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    _wake(a, 3.0, 1.0)
    lab.run(2.0)
    assert a.core.woken == [1.0]
    lab.run(9.0)
    assert a.core.woken == [1.0, 3.0]


def test_who_thinks_better_of_it_is_not_woken() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    _wake(a, 1.0)
    a.do(lambda core, _: core.alarms.clear())
    lab.run(9.0)
    assert a.core.woken == []


def test_a_run_ends_when_it_is_done() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    _wake(a, 1.0, 2.0, 3.0)
    assert lab.run(9.0, done=lambda: len(a.core.woken) == 2)
    assert lab.clock.now == 2.0
    assert not lab.run(2.5, done=lambda: False)


class Restless(Talker):
    """A core that is never content."""

    def poll_timeout(self) -> float | None:
        return 1.0


def test_a_core_that_never_lets_time_pass_is_stuck() -> None:
    lab = Lab(1)
    lab.add("restless", Restless())
    with pytest.raises(StuckError, match="restless at 1"):
        lab.run(2.0)


# Members that pause, crash, come back and go.


def test_who_pauses_hears_everything_later() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    _wake(b, 1.0)
    b.pause()
    _say(a, b"1")
    _say(a, b"2")
    lab.run(5.0)
    assert b.core.heard == []
    assert b.core.woken == []
    b.resume()
    assert b.core.data == [b"1", b"2"]
    lab.run(5.0)
    assert b.core.times == [5.0, 5.0]
    assert b.core.woken == [5.0]


def test_who_pauses_says_nothing_until_it_goes_on() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    b.pause()
    _say(b, b"later")
    lab.run(1.0)
    assert a.core.data == []
    b.resume()
    lab.run(1.0)
    assert a.core.data == [b"later"]


def test_what_finds_no_room_with_somebody_who_pauses_is_lost() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    b.pause()
    for _ in range(300):
        _say(a, bytes(1000))
    lab.run(1.0)
    b.resume()
    # Linux's default receive buffer, 212,992 bytes.
    assert len(b.core.data) == 212
    assert b.overrun == 300 - 212
    b.pause()
    _say(a, bytes(1000))
    lab.run(2.0)
    b.resume()
    assert len(b.core.data) == 213


def test_who_has_crashed_hears_says_and_does_nothing() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    _wake(b, 1.0)
    b.crash()
    _say(a, b"1")
    _say(b, b"from beyond")
    lab.run(2.0)
    assert not b.alive
    assert (a.core.data, b.core.data, b.core.woken) == ([], [], [])


def test_what_waits_for_somebody_who_crashes_is_lost() -> None:
    lab = Lab(1)
    a, b, _ = _trio(lab)
    b.pause()
    _say(a, b"1")
    lab.run(1.0)
    b.crash()
    b.restart(Talker())
    _say(a, b"2")
    lab.run(2.0)
    assert b.core.data == [b"2"]


def test_who_comes_back_has_the_same_address_and_nothing_else() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker())
    b = lab.add("b", Talker(), down=Faults(delay_s=1.0))
    origin, old = b.origin, b.core
    _wake(b, 5.0)
    _say(a, b"on its way")
    b.crash()
    lab.run(0.5)
    b.restart(Talker(b"back"))
    lab.run(9.0)
    assert (old.data, old.woken) == ([], [])
    assert b.origin == origin
    # A datagram does not know that it is somebody else who now has the port.
    assert b.core.data == [b"on its way"]
    assert b.core.woken == []
    assert a.core.data == [b"back"]


def test_who_is_removed_is_no_member_any_more() -> None:
    lab = Lab(1)
    a, b, c = _trio(lab)
    _say(a, b"on its way")
    lab.remove(b)
    _say(a, b"to all")
    _say(a, b"to one", b.origin)
    lab.run(1.0)
    assert lab.members == [a, c]
    assert b.core.heard == []
    assert c.core.data == [b"on its way", b"to all"]


def test_a_stranger_says_something_past_all_links() -> None:
    lab = Lab(1)
    a = lab.add("a", Talker(), down=Faults(loss=1.0))
    b = lab.add("b", Talker())
    lab.inject(b"to all", STRANGER)
    lab.inject(b"to one", STRANGER, to=b)
    assert a.core.data == [b"to all"]
    assert b.core.data == [b"to all", b"to one"]
    groups = [datagram.group for _, datagram in b.core.heard]
    assert groups == [ip_address("233.252.0.1"), None]
    assert b.core.heard[0][1].origin == STRANGER


# Seeds.


def test_dice_differ_by_purpose_and_by_seed_and_by_nothing_else() -> None:
    draws = {
        (seed, purpose): Lab(seed).rng(purpose).random()
        for seed in (1, 2)
        for purpose in ("a", "b")
    }
    assert len(set(draws.values())) == 4
    assert draws[1, "a"] == Lab(1).rng("a").random()


def _transfer(seed: int, *, coalesce: bool = False) -> Lab:
    """Return a lab in which an object has gone through a hostile network."""
    lab = Lab(seed, coalesce=coalesce, keep_log=True)
    faults = Faults(loss=0.2, duplication=0.1, reordering=0.1, jitter_s=0.01)
    data = Random(1).randbytes(50_000)
    received: list[ObjectReceived] = []

    def note(event: object) -> None:
        if isinstance(event, ObjectReceived):
            received.append(event)

    sender = lab.add("s", Sender(SenderConfig(1, 7), FixedRate(1e6)), up=faults)
    for number in range(3):
        core = Receiver(ReceiverConfig(10 + number), lab.rng(f"r{number}"))
        lab.add(f"r{number}", core, up=faults, down=faults, on_event=note)
    sender.do(lambda core, now: core.send_object(data, now=now))
    assert lab.run(60.0, done=lambda: len(received) == 3), f"seed {seed}"
    return lab


@pytest.mark.parametrize("coalesce", [False, True])
def test_two_runs_of_one_seed_write_the_same_log_byte_for_byte(
    coalesce: bool,
) -> None:
    one, other, another = (_transfer(seed, coalesce=coalesce) for seed in (5, 5, 6))
    assert one.log.text == other.log.text
    assert one.log.digest == other.log.digest
    assert one.sent == other.sent
    assert one.log.text != another.log.text
    assert one.log.digest != another.log.digest
