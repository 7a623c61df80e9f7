from ipaddress import IPv4Network, ip_address

import pytest

from groupwire.diagnose.commands import (
    Shell,
    command,
    link_setting,
    route_groups_by,
    serving,
    setting,
)
from groupwire.diagnose.finding import Finding, Looked, Severity
from groupwire.values import Group

GROUP = ip_address("239.1.1.1")
SU = """su -c 'ip link set '"'"'e;x'"'"' up'"""


def _fitted(shell: Shell, *fix: str) -> tuple[str, ...]:
    finding = Finding(code="x", severity=Severity.ERROR, says="", fix=fix)
    return shell.fit(Looked(at=(), findings=(finding,))).findings[0].fix


def test_odd_words_are_quoted() -> None:
    assert command("ip", "link", "set", "e;x", "up") == "sudo ip link set 'e;x' up"
    assert link_setting(4, "$(id)", "rp_filter", 0) == (
        "sudo sysctl -w 'net.ipv4.conf.$(id).rp_filter=0'"
    )


def test_settings_of_names_with_dots_are_parted_by_slashes() -> None:
    assert setting("net/core/rmem_max", 1) == "sudo sysctl -w net.core.rmem_max=1"
    line = link_setting(4, "eth0.7", "rp_filter", 0)
    assert line == "sudo sysctl -w net/ipv4/conf/eth0.7/rp_filter=0"


def test_the_other_end_is_started_by_a_line_that_any_shell_takes() -> None:
    line = "groupwire doctor --serve -g"
    assert serving(Group.parse("239.1.1.1%eth0:5000")) == f"{line} 239.1.1.1:5000"
    six = serving(Group.parse("[ff12::1%eth0]:5000"))
    assert six == f"{line} '[ff12::1]:5000' -i INTERFACE"


def test_routes_replace_the_line_that_decides_unless_it_is_wider() -> None:
    assert route_groups_by("eth0", GROUP).endswith("replace 224.0.0.0/4 dev eth0")
    wide, narrow = IPv4Network("0.0.0.0/0"), IPv4Network("239.0.0.0/8")
    assert "224.0.0.0/4" in route_groups_by("eth0", GROUP, wide)
    assert "239.0.0.0/8" in route_groups_by("eth0", GROUP, narrow)
    six = route_groups_by("eth0", ip_address("ff15::1"))
    assert "multicast ff00::/8 dev eth0 table local" in six


@pytest.mark.parametrize(
    ("shell", "line", "typed"),
    [
        (Shell(), "sudo ip x", "sudo ip x"),
        (Shell(root=True), "sudo ip x", "ip x"),
        (Shell(root=True), "groupwire doctor", "groupwire doctor"),
        (
            Shell(sysctl=False),
            "sudo sysctl -w net.core.rmem_max=1",
            "echo 1 | sudo tee /proc/sys/net/core/rmem_max",
        ),
        (
            Shell(root=True, sysctl=False),
            "sudo sysctl -w net/ipv4/conf/eth0.7/rp_filter=0",
            "echo 0 | tee /proc/sys/net/ipv4/conf/eth0.7/rp_filter",
        ),
        (Shell(sysctl=False), "sudo ip x", "sudo ip x"),
        (Shell(sudo=False), "sudo ip link set 'e;x' up", SU),
        (Shell(sudo=False), "groupwire doctor", "groupwire doctor"),
        (Shell(root=True, sudo=False), "sudo ip x", "ip x"),
        (
            Shell(sudo=False, sysctl=False),
            "sudo sysctl -w net.core.rmem_max=1",
            "su -c 'echo 1 | tee /proc/sys/net/core/rmem_max'",
        ),
    ],
)
def test_a_line_can_be_typed_here(shell: Shell, line: str, typed: str) -> None:
    assert _fitted(shell, line) == (typed,)
