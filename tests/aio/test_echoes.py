from math import inf

from groupwire.aio.echoes import OwnPorts


def test_a_port_is_ours_until_a_second_after_it_was_forgotten() -> None:
    own = OwnPorts()
    own.note(5000)
    assert own.until == {5000: inf}
    own.forget(5000, now=10)
    assert own.until == {5000: 11}


def test_what_was_forgotten_long_ago_is_not_kept() -> None:
    own = OwnPorts()
    for n in range(10_000):
        own.note(n)
        own.forget(n, now=n / 1000)
    assert len(own.until) <= 1001


def test_a_port_had_again_is_ours_again() -> None:
    own = OwnPorts()
    for now in (0, 0.5):
        own.note(1)
        own.forget(1, now=now)
    own.note(1)
    for n in range(2, 5):
        own.note(n)
        own.forget(n, now=2 * n)
    assert own.until[1] == inf
    own.forget(1, now=20)
    own.note(9)
    own.forget(9, now=30)
    assert own.until == {9: 31}


def test_a_port_never_had_is_not_forgotten() -> None:
    own = OwnPorts()
    own.forget(7, now=0)
    assert own.until == {}
