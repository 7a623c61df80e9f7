"""Where the machine stands: behind a radio, in a container, in a cloud, in Windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.finding import Finding, Looked, Severity, Sureness

__all__ = ["Places"]


class Places:
    """Looks for the marks of places where multicast is poor, or is not."""

    codes: ClassVar[tuple[str, ...]] = ("wireless", "container", "cloud")

    def look(self, scene: Scene) -> Looked:
        """Say what that means, and what to do instead."""
        return Looked(
            at=(
                "wireless interfaces, /proc/1/cgroup, /sys/class/dmi/id, kernel's name",
            ),
            findings=(*_wireless(scene), *_container(scene), *_cloud(scene)),
        )


def _wireless(scene: Scene) -> Iterator[Finding]:
    question = scene.question
    ways = {one.name: one for one in question.receive_on}
    if question.send_by is not None:
        ways.setdefault(question.send_by.name, question.send_by)
    for link in ways.values():
        if link.wireless:
            yield Finding(
                code="wireless",
                severity=Severity.WARNING,
                interface=link.name,
                says=f"{link.name} is wireless. An access point sends to groups at its "
                "slowest rate, never repeats what was lost, and holds it back while "
                "anybody saves power: some datagrams are lost and others late "
                "(RFC 9119). Use a cable, send little, or something that repairs, such "
                "as groupwire push.",
                evidence=(
                    f"{link.name} has a radio (/sys/class/net/{link.name}/phy80211, "
                    "/proc/net/wireless)",
                ),
            )


def _container(scene: Scene) -> Iterator[Finding]:
    place = scene.before.place
    if place.wsl:
        yield _finding(
            "container",
            scene,
            "This is Linux inside Windows (WSL). Its network is one of its own behind "
            "Windows, and groups do not pass between them. Switch on the mirrored "
            "network mode (networkingMode=mirrored in .wslconfig), or run the program "
            "in Windows or on another machine.",
        )
    elif place.kubernetes:
        yield _finding(
            "container",
            scene,
            "This is a pod of Kubernetes. Most of its networks carry no groups between "
            "machines (Weave and some others do). Give the pod the network of its host "
            "(hostNetwork: true) or a second interface on the LAN (Multus with "
            "macvlan), or send by unicast to each pod.",
        )
    elif place.container:
        yield _finding(
            "container",
            scene,
            f"This is a container ({place.container}). On its usual network groups "
            "reach other containers on the same bridge and nobody else. Start it with "
            "the network of the host (docker run --network host), or on a macvlan "
            "network that reaches the LAN.",
        )


def _cloud(scene: Scene) -> Iterator[Finding]:
    cloud = scene.before.place.cloud
    if cloud:
        amazon = cloud.startswith("Amazon")
        also = ", or on this cloud a transit gateway with multicast" if amazon else ""
        yield _finding(
            "cloud",
            scene,
            f"This is a machine at {cloud}. Networks of clouds carry no groups between "
            "machines; on this machine alone they work. Send by unicast to each "
            f"machine, or through a tunnel that carries groups (GRE, VXLAN){also}.",
        )


def _finding(code: str, scene: Scene, says: str) -> Finding:
    # With an interface of the host's, or one on its LAN, a container is as good.
    inner = all(one.loopback or one.kind == "veth" for one in scene.question.about)
    severity = Severity.WARNING if inner or code == "cloud" else Severity.INFO
    return Finding(
        code=code,
        severity=severity,
        says=says,
        evidence=scene.before.place.evidence,
        sure=Sureness.LIKELY,
    )
