"""The article's example: one message, two acknowledgements, the end by silence."""

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import Told, message, receive_on, send

_DATA = "very important data"
_GROUPS = ["224.3.29.71:10000", "[ff15::4242]:10000"]


@pytest.mark.parametrize("group", _GROUPS)
def test_one_message_brings_an_acknowledgement_from_each_host(
    lab: Laboratory, group: str
) -> None:
    a, b = lab.segment(2)
    receivers = receive_on([a, b], "-g", group)
    told = send(a, _DATA, "-g", group)
    version = 6 if "[" in group else 4
    _two_acknowledgements(told, a.address(version), b.address(version))
    for receiver in receivers:
        assert message(receiver)["data"] == _DATA


@pytest.mark.parametrize("version", [4, 6])
def test_a_source_specific_group_hears_its_source_only(
    lab: Laboratory, version: int
) -> None:
    a, b, stranger = lab.segment(3)
    group = "232.1.2.3:10000" if version == 4 else "[ff35::8000:4242]:10000"
    source = a.address(version)
    heard = f"{source}@{group}"
    receivers = receive_on([a, b], "-g", heard)
    assert send(stranger, "not for you", "-g", group).end["answers"] == 0
    told = send(a, _DATA, "-g", heard)
    _two_acknowledgements(told, source, b.address(version))
    for receiver in receivers:
        assert message(receiver)["data"] == _DATA


def _two_acknowledgements(told: Told, *addresses: str) -> None:
    assert told.code == 0
    assert len(told.all("sent")) == 1
    assert told.sent["mode"] == "plain"
    assert told.sent["bytes"] == 19
    assert [answer["data"] for answer in told.all("answer")] == ["ack", "ack"]
    assert {answer["member"] for answer in told.all("answer")} == {None}
    assert told.senders == sorted(_written(ip) for ip in addresses)
    assert told.end["answers"] == 2
    assert told.end["stopped_by"] == "stall"
    assert told.end["missing"] == []


def _written(ip: str) -> str:
    return f"[{ip}]" if ":" in ip else ip
