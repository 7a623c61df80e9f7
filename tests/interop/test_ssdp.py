"""A search as UPnP control points make it: one question, several answers from each."""

from tests.interop.foreign import ssdp_responder
from tests.lab.harness import Host, Laboratory
from tests.lab.harness.commands import Told, send

_GROUP = "239.255.255.250"


def _search(host: Host, target: str) -> Told:
    lines = [
        "M-SEARCH * HTTP/1.1",
        f"HOST: {_GROUP}:1900",
        'MAN: "ssdp:discover"',
        "MX: 1",
        f"ST: {target}",
        "",
        "",
    ]
    question = "\r\n".join(lines).encode()
    # Devices wait up to MX seconds before they answer; so long silence means nothing.
    how = ("-g", f"{_GROUP}:1900", "--ttl", "2", "--stall", "1.2")
    return send(host, "-", *how, stdin=question)


def _found(told: Told) -> list[str]:
    return sorted(
        line.partition(":")[2].strip()
        for answer in told.all("answer")
        for line in answer["data"].split("\r\n")
        if line.startswith("USN:")
    )


def test_a_search_collects_every_answer_of_every_responder(lab: Laboratory) -> None:
    a, b, c, asker = lab.segment(4)
    dims, plays = "urn:example:service:dim:1", "urn:example:service:play:1"
    ssdp_responder(a, "upnp:rootdevice", dims)
    ssdp_responder(b, "upnp:rootdevice")
    ssdp_responder(c, "upnp:rootdevice", plays)
    told = _search(asker, "ssdp:all")
    assert told.code == 0
    assert _found(told) == sorted(
        [
            f"uuid:{a.v4}::upnp:rootdevice",
            f"uuid:{a.v4}::{dims}",
            f"uuid:{b.v4}::upnp:rootdevice",
            f"uuid:{c.v4}::upnp:rootdevice",
            f"uuid:{c.v4}::{plays}",
        ]
    )
    assert told.senders == sorted([a.v4, a.v4, b.v4, c.v4, c.v4])
    assert told.end["answers"] == 5
    assert told.end["duplicates"] == 0
    assert told.end["stopped_by"] == "stall"
    told = _search(asker, plays)
    assert _found(told) == [f"uuid:{c.v4}::{plays}"]
