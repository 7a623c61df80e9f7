"""``groupwire demo``: the show goes as announced."""

from __future__ import annotations

import pytest
from tests.cli.running import told

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]


def test_three_answer_the_fourth_is_missing_and_all_have_heard(
    capsys: Capture,
) -> None:
    assert main(["demo", "--json"]) == 0
    events = told(capsys.readouterr().out)
    assert events[0]["event"] == "started"
    answered = sorted(e["member"] for e in events if e["event"] == "answer")
    heard = sorted(e["receiver"] for e in events if e["event"] == "message")
    assert answered == heard == ["camera-1", "camera-2", "camera-3"]
    assert {e["interfaces"][0] for e in events if e["event"] == "joined"} == {"lo"}
    end = events[-1]
    assert (end["event"], end["missing"]) == ("end", ["camera-4"])
    assert end["as_announced"] is True
    receipts = [e for e in events if e["event"] == "receipt"]
    assert sorted(e["member"] for e in receipts) == answered
    assert all(e["status"] == "verified" and e["lost"] > 0 for e in receipts)
    compared = [e for e in events if e["event"] == "compared"]
    assert [e["same"] for e in compared] == [True] * 3
    assert sorted(end["delivered"]) == answered


def test_a_show_that_cannot_begin_says_why(capsys: Capture) -> None:
    assert main(["demo", "-i", "nope0", "--json"]) == 3
    out, err = capsys.readouterr()
    assert told(out)[-1]["as_announced"] is False
    assert "nope0" in err
