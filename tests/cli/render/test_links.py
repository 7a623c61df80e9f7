"""Memberships that are lost and renewed."""

from __future__ import annotations

import pytest
from tests.cli.running import told

from groupwire.cli.render.links import show_change
from groupwire.cli.render.out import Out, Tone
from groupwire.net import MembershipLost, MembershipRenewed
from groupwire.values import Group

Capture = pytest.CaptureFixture[str]

GROUP = Group.parse("239.1.2.3:5000")
LOST = MembershipLost(GROUP, "eth0", "the interface is gone")
RENEWED = MembershipRenewed(GROUP, "eth0", "the interface is there")


def test_people_are_warned_and_reassured(capsys: Capture) -> None:
    for event in (LOST, RENEWED):
        show_change(Out(Tone()), event)
    assert capsys.readouterr().err.splitlines() == [
        "warning: no longer joined on eth0: the interface is gone",
        "joined again on eth0: the interface is there",
    ]


def test_programs_have_an_event_for_each(capsys: Capture) -> None:
    for event in (LOST, RENEWED):
        show_change(Out(Tone(json=True)), event)
    lost, renewed = told(capsys.readouterr().out)
    assert (lost["event"], lost["interface"]) == ("left", "eth0")
    assert (renewed["event"], renewed["reason"]) == ("rejoined", RENEWED.reason)
