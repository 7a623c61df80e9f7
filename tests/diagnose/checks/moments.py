"""A machine with one good interface, and what a test makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address, ip_interface
from typing import Any

from groupwire.diagnose.check import ELSEWHERE, Check, Question, Scene
from groupwire.diagnose.evidence.surroundings import (
    LinkFacts,
    Settings,
    Surroundings,
)
from groupwire.diagnose.finding import Finding, Looked
from groupwire.values import Group, Interface

LO = Interface(
    "lo", 1, (ip_interface("127.0.0.1/8"),), up=True, carrier=True, loopback=True
)
ETH0 = Interface(
    "eth0",
    2,
    (ip_interface("198.18.1.1/24"), ip_interface("fe80::1/64")),
    up=True,
    carrier=True,
    multicast=True,
    kind="veth",
)
ETH1 = replace(ETH0, name="eth1", index=3, addresses=(ip_interface("198.18.2.1/24"),))
GROUP = Group.parse("239.255.42.99:10000")
SETTINGS = Settings(
    rp_filter=0,
    memberships=20,
    sources=10,
    sources6=64,
    buffer_default_bytes=212_992,
    buffer_most_bytes=4 << 20,
)


def question(
    group: Group | str = GROUP, links: Sequence[Interface] = (ETH0,), **fields: Any
) -> Question:
    """Ask about ``links``, of which those that are up would be used."""
    group = Group.parse(group) if isinstance(group, str) else group
    able = tuple(one for one in links if one.up and one.multicast)
    given: dict[str, Any] = {
        "about": tuple(links) or (LO,),
        "receive_on": (*able, LO),
        "send_by": next(iter(able), None),
        "root": True,
        **fields,
    }
    return Question(group=group, **given)


def moment(
    links: Sequence[Interface] = (ETH0,),
    *,
    route: int | None = 2,
    routes: Mapping[str, int | None] | None = None,
    facts: Mapping[int, LinkFacts] | None = None,
    **fields: Any,
) -> Surroundings:
    """Return a machine whose route for the group leaves by ``route``."""
    known = {ip_address(ip): index for ip, index in (routes or {}).items()}
    groups = [GROUP.ip, ip_address("ff15::4242"), ip_address("232.1.1.1"), ELSEWHERE]
    given: dict[str, Any] = {
        "interfaces": (LO, *links),
        "routes": {**dict.fromkeys(groups, route), **known},
        "links": facts or {},
        "settings": SETTINGS,
        **fields,
    }
    return Surroundings(**given)


def scene(
    asked: Question | None = None,
    before: Surroundings | None = None,
    after: Surroundings | None = None,
    trials: Sequence[object] = (),
) -> Scene:
    """Put it together; without a second look nothing has changed."""
    before = before or moment()
    return Scene(
        question=asked or question(),
        before=before,
        after=after or before,
        trials=trials,
    )


def codes(looked: Looked) -> list[tuple[str, str]]:
    """Return code and severity of each finding."""
    return [(one.code, one.severity.value) for one in looked.findings]


def only(check: Check, at: Scene) -> Finding:
    """Return the one finding of a check, of a code that it names."""
    looked = check.look(at)
    (finding,) = looked.findings
    assert finding.code in check.codes
    assert looked.at
    return finding
