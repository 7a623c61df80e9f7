"""What two doctors saw together: whether multicast is lost, which way, and where."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.checks.trials.hearing_oneself import RULES
from groupwire.diagnose.checks.trials.legs import Leg, legs_of
from groupwire.diagnose.checks.trials.queriers import querier_fix
from groupwire.diagnose.checks.trials.ways import (
    Sizes,
    Station,
    lost_at,
    sizes,
    stations,
)
from groupwire.diagnose.commands import command, link_setting, serving
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness
from groupwire.diagnose.trials.seen import LoopbackSeen, PeerSeen

__all__ = ["TwoEnds"]

_ON_THE_WAY = {Station.NETWORK, Station.SOMEWHERE}


class TwoEnds:
    """Knows what only two ends together can tell."""

    codes: ClassVar[tuple[str, ...]] = (
        "peer",
        "ttl",
        "asymmetric",
        "no-querier",
        "rp-filter",
        "firewall",
        "mtu",
        "loss",
    )

    def look(self, scene: Scene) -> Looked:
        """Judge the visits to peers."""
        seen = scene.seen(PeerSeen)
        at = tuple(f"tests to and from the peer {one.address}" for one in seen)
        if own := tuple(one.address for one in seen if _is_own(one, scene)):
            return Looked(at=at, unsure=tuple(map(_no_other, own)))
        return Looked(
            at=at,
            findings=tuple(found for one in seen for found in _findings(one, scene)),
            unsure=tuple(line for one in seen for line in _unsure(one, scene)),
            missed=tuple(line for one in seen for line in _missed(one, scene))
            or (() if seen else _MISSED),
        )


def _is_own(seen: PeerSeen, scene: Scene) -> bool:
    ip = int(ip_address(seen.address))
    addresses = (own for link in scene.before.interfaces for own in link.addresses)
    return ip_address(seen.address).is_loopback or any(
        int(own.ip) == ip for own in addresses
    )


def _no_other(address: str) -> str:
    return (
        f"whether multicast reaches another machine: {address} is an address of this "
        "one, and what it sends itself passes no network; give --peer the address of "
        "another"
    )


_MISSED = (
    "whether multicast really reaches another machine: run `groupwire doctor --serve` "
    "there, and name it here with --peer ADDRESS",
)


def _findings(seen: PeerSeen, scene: Scene) -> Iterator[Finding]:
    if not seen.serving:
        yield from _members(seen)
        return
    legs = legs_of(seen)
    if (found := _forgotten(seen, scene)) is not None:
        yield found
    elif (found := _too_short(seen, scene)) is not None:
        yield found
        yield from (one for leg in legs[1:] for one in _lost(leg, scene))
    else:
        yield from (one for leg in legs for one in _lost(leg, scene))
    yield from (one for leg in legs for one in _partly(leg))
    yield from _too_large(legs)
    known = len(legs) == 2 or (seen.one_way and legs)
    if known and all(leg.way.heard for leg in legs):
        yield _works(seen, legs)


def _members(seen: PeerSeen) -> Iterator[Finding]:
    """Tell that a ``groupwire receive`` there has answered: the way there works."""
    if seen.members and not seen.other_group:
        names = ", ".join(seen.members)
        yield Finding(
            code="peer",
            severity=Severity.INFO,
            interface=seen.interface,
            says=f"The group reaches {seen.address}: {names} answered there.",
            evidence=(f"answers by unicast from {names}",),
        )


def _works(seen: PeerSeen, legs: list[Leg]) -> Finding:
    between = {0: "no router between", 1: "one router between"}
    hops = (
        ""
        if seen.hops is None
        else between.get(seen.hops, f"{seen.hops} routers between")
    )
    who = f"{seen.name} ({seen.address})"
    says = f"Multicast passes between this host and {who} in both directions."
    if seen.one_way:
        says = f"Multicast passes from {who} to this host."
    return Finding(
        code="peer",
        severity=Severity.INFO,
        interface=seen.interface,
        says=says,
        evidence=(
            *(f"multicast {leg.arrow}: {stations(leg.way)}" for leg in legs),
            *([hops] if hops else []),
        ),
    )


# Lost on the way


def _forgotten(seen: PeerSeen, scene: Scene) -> Finding | None:
    """Tell a switch that has forgotten its members, or never knew them."""
    there, back = seen.there, seen.back
    if there is None or lost_at(there) not in _ON_THE_WAY:
        return None
    if there.of_these(there.renewed):
        return _no_querier(
            seen,
            scene,
            Sureness.CERTAIN,
            "It arrived as soon as the peer had joined once more: a switch between "
            "had forgotten that the peer wants it",
        )
    if seen.hops or seen.queries or back is None or lost_at(back) not in _ON_THE_WAY:
        return None
    return _no_querier(
        seen,
        scene,
        Sureness.LIKELY,
        "It is lost in both directions, unicast is not, and nobody asked which groups "
        "are wanted while we tried: most likely a switch between does not know who "
        "wants it",
    )


def _no_querier(seen: PeerSeen, scene: Scene, sure: Sureness, why: str) -> Finding:
    protocol = "IGMP" if scene.question.group.version == 4 else "MLD"
    return Finding(
        code="no-querier",
        severity=Severity.ERROR,
        interface=seen.interface,
        says=(
            f"{scene.question.group.ip} does not get through to {seen.address}. {why}. "
            f'Switch on "{protocol} querier" on that switch or on its router, or '
            f'switch "{protocol} snooping" off.'
        ),
        evidence=(
            *(leg.evidence[0] for leg in legs_of(seen)),
            f"unicast to {seen.address} and back works",
            f"{seen.queries} {protocol} queries heard by either end meanwhile",
        ),
        sure=sure,
        fix=querier_fix(scene, seen.interface),
    )


def _too_short(seen: PeerSeen, scene: Scene) -> Finding | None:
    way = seen.there
    if way is None or way.heard or way.error or not seen.hops:
        return None
    if seen.hops < seen.ttl_hops:
        return None
    enough = seen.hops + 1
    through = bool(way.of_these(way.farther))
    also = (
        ""
        if through or not way.farther
        else (
            " With that TTL it did not arrive either: the router between has to pass "
            "multicast on, too."
        )
    )
    routers = "one router" if seen.hops == 1 else f"{seen.hops} routers"
    return Finding(
        code="ttl",
        severity=Severity.ERROR,
        interface=seen.interface,
        says=(
            f"{seen.address} is behind {routers}, and each takes one off the TTL of a "
            f"datagram: with TTL {seen.ttl_hops} it never gets there. Let the sender "
            f"set its multicast TTL (IP_MULTICAST_TTL) to at least {enough}.{also}"
        ),
        evidence=(
            f"unicast from {seen.address} passed {routers}",
            f"with TTL {seen.ttl_hops}: {len(way.sent)} sent, none arrived",
            *(
                [
                    f"with TTL {way.farther_hops}: {len(way.farther)} sent, "
                    f"{len(way.of_these(way.farther))} arrived"
                ]
                if way.farther
                else []
            ),
        ),
        fix=(f"groupwire send -g {scene.question.group} --ttl {enough} hello",),
    )


def _lost(leg: Leg, scene: Scene) -> Iterator[Finding]:
    match lost_at(leg.way):
        case Station.ARRIVED:
            return
        case Station.REFUSED:
            yield from _refused(leg, scene)
        case Station.SENDER:
            yield _kept(leg, scene)
        case Station.RECEIVER:
            yield (
                _reverse_path(leg, scene) if leg.way.reverse_path else _shut(leg, scene)
            )
        case _:  # on the way
            yield _one_way(leg, scene)


def _refused(leg: Leg, scene: Scene) -> Iterator[Finding]:
    """Leave what the check of loopback says of this host to that check."""
    if leg.there and any(one.send_error for one in scene.seen(LoopbackSeen)):
        return
    if leg.way.forbidden:
        yield _kept(leg, scene)
    else:
        yield Finding(
            code="asymmetric",
            severity=Severity.ERROR,
            interface=leg.interface,
            says=f"{leg.named} cannot send to the group. Run `groupwire doctor` "
            "there: it says what to change.",
            evidence=(f"its system says: {leg.way.error or 'nothing was sent'}",),
        )


def _kept(leg: Leg, scene: Scene) -> Finding:
    return Finding(
        code="firewall",
        severity=Severity.ERROR,
        interface=leg.interface,
        says=(
            f"What {leg.sender} sends to {scene.question.group.ip} does not leave it: "
            "something on that very host drops it, most often a firewall's output "
            f"rules. Look at its rules there ({RULES}), and let the group through."
        ),
        evidence=(*([leg.way.error] if leg.way.error else []), *leg.evidence),
        sure=Sureness.CERTAIN if leg.way.forbidden else Sureness.LIKELY,
        explained_by=("firewall",) if leg.there else (),
    )


def _shut(leg: Leg, scene: Scene) -> Finding:
    return Finding(
        code="firewall",
        severity=Severity.ERROR,
        interface=leg.heard_by,
        says=(
            f"{scene.question.group.ip} reaches the network card of {leg.receiver}, "
            "and no program there gets it: something on that very host drops it, most "
            f"often a firewall's input rules. Look at its rules there ({RULES}), and "
            "let the group through."
        ),
        evidence=(*leg.evidence, *leg.told),
        sure=Sureness.LIKELY,
        explained_by=() if leg.there else ("firewall",),
    )


def _reverse_path(leg: Leg, scene: Scene) -> Finding:
    name = leg.way.interface or leg.interface
    fix = (
        link_setting(4, "all", "rp_filter", 0),
        link_setting(4, name, "rp_filter", 0),
    )
    there = "off: type there " + ", then ".join(fix)
    return Finding(
        code="rp-filter",
        severity=Severity.ERROR,
        interface=leg.heard_by,
        says=(
            f"{scene.question.group.ip} reaches {leg.receiver}, which throws it away: "
            "it would send answers to that sender's address by another way, or none, "
            "and takes it for forged (rp_filter). Give it a route to the sender's "
            f"network by {name}, or switch that test {there if leg.there else 'off'}."
        ),
        evidence=(
            f"/proc/net/netstat IPReversePathFilter of {leg.receiver}: "
            f"+{leg.way.reverse_path} while {len(leg.way.sent)} tests were sent",
            *leg.evidence,
            *leg.told,
        ),
        fix=() if leg.there else fix,
        explained_by=() if leg.there else ("rp-filter",),
    )


def _one_way(leg: Leg, scene: Scene) -> Finding:
    somewhere = lost_at(leg.way) is Station.SOMEWHERE
    where = (
        "on the way or in either host's firewall (run both doctors as root, and they "
        "tell which)"
        if somewhere
        else "in the network between: look at the switches' and routers' filters, "
        "storm control, and wireless settings for multicast"
    )
    return Finding(
        code="asymmetric",
        severity=Severity.ERROR,
        interface=leg.interface,
        says=(
            f"{scene.question.group.ip} is lost {leg.arrow}, while unicast passes. It "
            f"is lost {where}."
        ),
        evidence=(*leg.evidence, *leg.told),
        explained_by=("wrong-interface", *(() if leg.there else ("firewall",))),
    )


# Lost in part


def _partly(leg: Leg) -> Iterator[Finding]:
    heard, sent = len(leg.way.heard), len(leg.way.sent)
    if 0 < heard < sent:
        yield Finding(
            code="loss",
            severity=Severity.WARNING,
            interface=leg.interface,
            says=f"Some multicast is lost {leg.arrow}. Nobody repeats it on wires or "
            "in the air: let groupwire watch show how much over a longer time.",
            evidence=(f"multicast {leg.arrow}: {stations(leg.way)}",),
        )


def _too_large(legs: list[Leg]) -> Iterator[Finding]:
    for leg in legs:
        if (found := sizes(leg.way)) is not None:
            yield _carries_less(leg, found)
            return


def _carries_less(leg: Leg, found: Sizes) -> Finding:
    seen = leg.seen
    peer_mtu = seen.peer_mtu_bytes or seen.mtu_bytes
    # Of the sizes tried the next one was lost.
    least = f"at most {found.passes_bytes}" if found.passes_bytes else "far fewer"
    smaller = not leg.there and seen.mtu_bytes < peer_mtu
    also = ", or raise that of this host, which is smaller" if smaller else ""
    return Finding(
        code="mtu",
        severity=Severity.ERROR,
        interface=leg.interface,
        says=(
            f"Large datagrams are lost {leg.arrow}, small ones pass: something on "
            "the way carries smaller packets (MTU) than the sender believes, and "
            f"nobody tells it. Send {least} bytes at once, or lower the MTU of "
            f"{leg.sender}{also}."
        ),
        evidence=(
            f"multicast {leg.arrow}: {found.passes_bytes or 'some 100'} bytes "
            f"arrive, {found.lost_bytes} do not",
            f"MTU here {seen.mtu_bytes}, of the peer {peer_mtu}",
        ),
        fix=_mtu_fix(leg, found, peer_mtu),
    )


def _mtu_fix(leg: Leg, found: Sizes, peer_mtu: int) -> tuple[str, ...]:
    here = leg.seen.mtu_bytes
    mtu = found.passes_bytes + (48 if ":" in leg.seen.address else 28)
    if not leg.there:
        # What the peer sends here is for this host to take.
        mtu = peer_mtu if here < peer_mtu else 0
    elif not found.passes_bytes:
        mtu = 0
    elif peer_mtu < here:
        mtu = max(mtu, peer_mtu)
    words = ("ip", "link", "set", "dev", leg.interface, "mtu", mtu)
    return (command(*words),) if mtu else ()


# What stays open


def _unsure(seen: PeerSeen, scene: Scene) -> Iterator[str]:
    serve = serving(scene.question.group)
    if seen.trouble:
        yield f"whether multicast reaches {seen.address}: {seen.trouble}"
    elif seen.fell_silent:
        yield (
            f"whether multicast passes between this host and {seen.address}: the "
            "doctor there answered at first, and then no more; see whether it still "
            "runs, and look again"
        )
    elif seen.other_group:
        yield (
            f"whether multicast reaches {seen.address}: the doctor there serves "
            f"{seen.other_group}; start it with: {serve}"
        )
    elif not seen.serving and not seen.members and seen.refused:
        yield (
            f"whether multicast reaches {seen.address}: the machine is there, but no "
            f"doctor answers, and no member of the group; start one there: {serve}"
        )
    elif not seen.serving and not seen.members:
        yield (
            f"whether multicast reaches {seen.address}: nothing answers there at all; "
            f"see that it runs `{serve}`, and that its firewall lets UDP port "
            f"{seen.port} in"
        )


def _missed(seen: PeerSeen, scene: Scene) -> Iterator[str]:
    if seen.one_way and seen.serving:
        yield (
            f"whether {seen.address} would hear this host: the group is received from "
            f"{scene.question.group.source} alone"
        )
    elif seen.members and not seen.serving:
        yield (
            f"whether {seen.address} is heard here, and how large datagrams may be: "
            f"`{serving(scene.question.group)}` there would tell"
        )
    elif seen.there is not None and seen.there.left is None:
        yield "where exactly a datagram is lost: as root, both doctors see the wire"
