"""``groupwire interfaces`` and ``groupwire explain`` on this very machine."""

from __future__ import annotations

import pytest
from tests.cli.running import told

from groupwire.cli.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_group_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUPWIRE_GROUP", raising=False)


def test_loopback_is_listed_with_its_groups(capsys: Capture) -> None:
    assert main(["interfaces", "--json"]) == 0
    *links, end = told(capsys.readouterr().out)
    loopback = next(link for link in links if link["name"] == "lo")
    assert (loopback["loopback"], loopback["index"]) == (True, 1)
    assert "224.0.0.1" in loopback["groups"]
    assert end["interfaces"] == len(links)


def test_only_the_one_that_is_named(capsys: Capture) -> None:
    assert main(["interfaces", "-i", "127.0.0.1"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()][:2] == ["interface", "lo"]
    assert "receive on lo" in err


def test_an_unknown_one_is_the_machines_fault(capsys: Capture) -> None:
    assert main(["interfaces", "-i", "nope0"]) == 3
    assert "nope0" in capsys.readouterr().err


def test_an_address_is_explained_with_or_without_a_port(capsys: Capture) -> None:
    assert main(["explain", "239.255.42.99"]) == 0
    assert main(["explain", "[ff12::4242%eth0]:10000"]) == 0
    out = capsys.readouterr().out
    assert "01:00:5e:7f:2a:63" in out
    assert "33:33:00:00:42:42" in out


def test_without_an_address_the_usual_group_is_explained(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["explain", "--json"]) == 0
    monkeypatch.setenv("GROUPWIRE_GROUP", "239.1.2.3")
    assert main(["explain", "--json"]) == 0
    events = told(capsys.readouterr().out)
    assert [e["address"] for e in events if e["event"] == "explanation"] == [
        "239.255.42.99",
        "239.1.2.3",
    ]


@pytest.mark.parametrize("text", ["10.0.0.1", "hello", "239.1.2.3:0", "::1"])
def test_what_is_no_group_cannot_be_explained(text: str, capsys: Capture) -> None:
    assert main(["explain", text]) == 2
    assert text in capsys.readouterr().err
