"""Hosts with several interfaces, with none but loopback, and with wrong ones named."""

from tests.lab.harness import Laboratory
from tests.lab.harness.commands import message, receive, send, start, told


def test_all_interfaces_hear_both_segments(lab: Laboratory) -> None:
    host, left, right = lab.two_legged()
    receiver = receive(host, "-i", "all")
    for neighbour, interface, link in ((left, "eth0", 0), (right, "eth1", 1)):
        answered = send(neighbour, f"from {interface}")
        assert answered.senders == [host.address(4, link)]
        heard = message(receiver)
        assert heard["interface"] == interface
        assert heard["data"] == f"from {interface}"
        assert heard["answered"]


def test_a_named_interface_hears_its_own_segment_only(lab: Laboratory) -> None:
    host, left, right = lab.two_legged()
    receiver = receive(host, "-i", "eth1")
    assert send(left, "left").end["answers"] == 0
    assert send(right, "right").end["answers"] == 1
    assert message(receiver)["data"] == "right"


def test_a_message_by_all_interfaces_is_answered_on_both_segments(
    lab: Laboratory,
) -> None:
    host, left, right = lab.two_legged()
    receive(left)
    receive(right)
    answered = send(host, "hello", "-i", "all")
    assert answered.code == 0
    assert answered.senders == [left.v4, right.v4]


def test_without_a_route_several_interfaces_are_listed(lab: Laboratory) -> None:
    host, _, _ = lab.two_legged(gateway=False)
    answered = send(host, "hello")
    assert answered.code == 3
    assert answered.lines == []
    for part in ("eth0", host.address(4, 0), "eth1", host.address(4, 1), "fix:", "-i"):
        assert part in answered.errors


def test_without_a_route_the_only_interface_is_taken(lab: Laboratory) -> None:
    a, b = lab.segment(2, gateway=False)
    receive(b)
    answered = send(a, "hello")
    assert (answered.code, answered.senders) == (0, [b.v4])
    assert answered.sent["interface"] == "eth0"


def test_an_interface_that_is_not_there_is_a_fault_of_the_machine(
    lab: Laboratory,
) -> None:
    (a,) = lab.segment(1)
    for command in (("send", "hello"), ("receive",)):
        answered = told(start(a, *command, "-i", "eth7"))
        assert answered.code == 3
        assert "there is no interface eth7" in answered.errors
        assert "Traceback" not in answered.errors


def test_an_interface_that_is_down_is_a_fault_of_the_machine(lab: Laboratory) -> None:
    (a,) = lab.segment(1)
    a.link.down()
    answered = send(a, "hello", "-i", "eth0")
    assert answered.code == 3
    assert "ip link set eth0 up" in answered.errors


def test_the_demo_runs_where_loopback_is_all_there_is(lab: Laboratory) -> None:
    host = lab.lonely()
    demo = host.python("-m", "groupwire", "demo")
    assert demo.finish(within=20) == 0, demo.errors


def test_loopback_alone_carries_a_message_and_its_answer(lab: Laboratory) -> None:
    host = lab.lonely()
    receive(host)
    answered = send(host, "hello")
    assert (answered.code, answered.end["answers"]) == (0, 1)
    assert answered.sent["interface"] == "lo"
