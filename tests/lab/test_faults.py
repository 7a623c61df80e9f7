"""Interruptions, taken ports and closed doors: a clear text and the right exit code."""

import signal
import socket

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import Told, receive, send, start, told

_IP = "239.255.42.99"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_an_interrupted_receiver_leaves_its_group(
    lab: Laboratory, number: signal.Signals, code: int
) -> None:
    (a,) = lab.segment(1)
    receiver = receive(a)
    assert a.has_joined(_IP, "eth0")
    receiver.signal(number)
    _ended(told(receiver), code)
    a.wait_without(_IP)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_an_interrupted_sender_says_what_it_has(
    lab: Laboratory, number: signal.Signals, code: int
) -> None:
    a, b = lab.segment(2)
    receive(b)
    sender = start(a, "send", "hello", "--expect", "2", "--timeout", "60")
    sender.line('"answer"')
    sender.signal(number)
    answered = told(sender)
    _ended(answered, code)
    assert answered.end["stopped_by"] == "stopped"
    assert (answered.end["answers"], answered.end["missing_count"]) == (1, 1)


def test_a_port_that_is_not_shared_names_its_holder(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    with a.socket(socket.AF_INET) as selfish:
        selfish.bind(("", 10_000))
        answered = told(start(a, "receive"))
    assert answered.code == 3
    assert "ss -ulpn" in answered.errors
    assert "10000" in answered.errors
    _clear(answered)


def test_a_firewall_that_forbids_sending_is_named(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    drop = f"ip daddr {_IP} drop"
    chain = "chain out { type filter hook output priority 0;"
    a.run("nft", "-f", "-", text=f"table inet wall {{\n{chain}\n{drop}\n}}\n}}\n")
    answered = send(a, "hello")
    assert answered.code == 3
    assert "firewall" in answered.errors
    _clear(answered)


def test_a_group_without_a_route_is_sent_to_by_the_only_interface(
    lab: Laboratory,
) -> None:
    (a,) = lab.segment(1, gateway=False)
    assert send(a, "hello").code == 0


def test_a_host_without_any_interface_up_says_so(lab: Laboratory) -> None:
    host = lab.lonely()
    host.ip("link set lo down")
    answered = send(host, "hello")
    assert answered.code == 3
    _clear(answered)


def test_a_full_group_table_names_the_setting(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.sysctl("ipv4.igmp_max_memberships", 0)
    answered = told(start(a, "receive"))
    assert answered.code == 3
    assert "igmp_max_memberships" in answered.errors
    _clear(answered)


def test_a_message_above_the_mtu_is_sent_with_a_warning(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    receive(b)
    answered = send(a, "-", stdin=b"x" * 4000)
    assert (answered.code, answered.end["answers"]) == (0, 1)
    assert "1472" in " ".join(answered.sent["warnings"])


def test_a_message_above_the_limit_of_udp_is_refused(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    answered = send(a, "-", stdin=b"x" * 65_508)
    assert answered.code == 2
    assert "65507" in answered.errors
    _clear(answered)


def _ended(answered: Told, code: int) -> None:
    assert answered.code == code
    assert answered.lines[-1]["event"] == "end"
    assert answered.errors == ""


def _clear(answered: Told) -> None:
    assert "fix:" in answered.errors
    assert "Traceback" not in answered.errors
