"""What takes too long is ended, and told where it was."""

from __future__ import annotations

import signal
from contextlib import suppress

import pytest

from groupwire.testing.swarm.alarm import OverdueError, alarm


def _for_ever() -> None:
    while True:
        with suppress(Exception):
            pass


def test_what_never_ends_is_ended_though_it_suppresses_what_it_can() -> None:
    with pytest.raises(OverdueError) as caught, alarm(0.05):
        _for_ever()
    assert "test_alarm.py" in str(caught.value) or "suppress" in str(caught.value)


def test_what_ends_in_time_is_left_alone_and_the_alarm_is_off() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with alarm(60.0):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_outside_of_all_code_it_is_told_too() -> None:
    with alarm(60.0):
        ring = signal.getsignal(signal.SIGALRM)
    assert callable(ring)
    with pytest.raises(OverdueError, match="nowhere"):
        ring(signal.SIGALRM, None)


def test_without_signals_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer")
    with alarm(0.0):
        pass
