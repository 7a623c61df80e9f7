"""Scenes for the checks of trials: a host on one link, and what trials saw there."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface

from groupwire.diagnose.check import Check, Question, Scene
from groupwire.diagnose.evidence.surroundings import Surroundings
from groupwire.diagnose.finding import Diagnosis, Finding
from groupwire.values import Group, Interface

__all__ = ["ETH0", "LO", "codes", "look", "one", "scene"]

ETH0 = Interface(
    "eth0",
    2,
    (IPv4Interface("198.18.1.1/24"), IPv6Interface("fd00::1/64")),
    up=True,
    carrier=True,
    multicast=True,
)
LO = Interface("lo", 1, (IPv4Interface("127.0.0.1/8"),), up=True, loopback=True)


def scene(
    *trials: object,
    group: str = "239.255.42.99:10000",
    interfaces: tuple[Interface, ...] = (LO, ETH0),
    listen_s: float = 0.0,
    ttl_hops: int = 1,
) -> Scene:
    """Return a scene in which these trials were made."""
    around = Surroundings(interfaces=interfaces)
    question = Question(
        group=Group.parse(group),
        about=(ETH0,),
        receive_on=(ETH0,),
        send_by=ETH0,
        listen_s=listen_s,
        ttl_hops=ttl_hops,
    )
    return Scene(question=question, before=around, after=around, trials=trials)


def look(check: Check, on: Scene) -> Diagnosis:
    """Return what one check alone comes to; it says only codes that it knows."""
    looked = check.look(on)
    assert {found.code for found in looked.findings} <= set(check.codes)
    return Diagnosis((("check", looked),))


def codes(diagnosis: Diagnosis) -> list[str]:
    """Return each finding as its severity and code."""
    return [f"{found.severity.value} {found.code}" for found in diagnosis.findings]


def one(diagnosis: Diagnosis) -> Finding:
    """Return the only finding."""
    (found,) = diagnosis.findings
    return found
