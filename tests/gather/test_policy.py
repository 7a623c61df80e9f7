from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_network

import pytest
from tests.gather.places import ETH0, origin

from groupwire.gather import AnswerPolicy, Limits, Refusal
from groupwire.values import Interface, Origin

JUMBO = Interface("lo", 1, (IPv4Interface("127.0.0.1/8"),), mtu_bytes=65_536)
LINK = Interface("ptp0", 3, (IPv4Interface("10.9.0.0/31"),))
SIX = Interface("six0", 4, (IPv6Interface("fe80::1/64"),), mtu_bytes=1280)


def judge(
    sender: Origin,
    *,
    index: int = 2,
    limits: Limits | None = None,
    asked: int = 19,
    size: int = 3,
) -> Refusal | None:
    policy = AnswerPolicy(limits or Limits(), [ETH0, JUMBO, LINK, SIX])
    return policy.refusal(sender, index, asked_bytes=asked, bytes_=size, now=0)


@pytest.mark.parametrize(
    ("sender", "index"),
    [
        (origin("10.0.0.7"), 2),
        (origin("10.0.0.7", 1024), 2),
        (origin("fd00::7"), 2),
        (origin("fe80::7", zone=2), 2),
        (origin("127.0.0.1"), 1),
        (origin("10.9.0.0"), 3),
        (origin("10.9.0.1"), 3),
    ],
)
def test_neighbours_are_answered(sender: Origin, index: int) -> None:
    assert judge(sender, index=index) is None


@pytest.mark.parametrize(
    ("sender", "index"),
    [
        (origin("10.0.1.7"), 2),
        (origin("10.0.0.7"), 1),
        (origin("10.0.0.7"), 0),
        (origin("10.0.0.7"), 99),
        (origin("2001:db8::1"), 2),
        (origin("fe80::7", zone=9), 99),
    ],
)
def test_an_address_of_another_link_is_not_answered(sender: Origin, index: int) -> None:
    assert judge(sender, index=index) is Refusal.OFF_LINK


def test_the_source_of_the_group_is_answered_beyond_the_link() -> None:
    limits = Limits(source=ip_address("192.0.2.7"))
    assert judge(origin("192.0.2.7"), limits=limits) is None
    assert judge(origin("192.0.2.8"), limits=limits) is Refusal.OFF_LINK


def test_named_networks_are_answered_beyond_the_link() -> None:
    networks = (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"))
    limits = Limits(answer_to=networks)
    assert judge(origin("192.0.2.7"), limits=limits) is None
    assert judge(origin("2001:db8::7"), limits=limits) is None
    assert judge(origin("192.0.3.7"), limits=limits) is Refusal.OFF_LINK


def test_named_networks_open_no_low_ports() -> None:
    limits = Limits(answer_to=(ip_network("0.0.0.0/0"),))
    assert judge(origin("8.8.8.8", 53), limits=limits) is Refusal.LOW_PORT
    assert judge(origin("8.8.8.8", 0), limits=limits) is Refusal.PORT_ZERO
    assert judge(origin("224.0.0.1"), limits=limits) is Refusal.MULTICAST_SOURCE


@pytest.mark.parametrize(
    ("sender", "index", "limit"),
    [
        (origin("10.0.0.7"), 2, 1472),
        (origin("fd00::7"), 2, 1452),
        (origin("fe80::7"), 4, 1232),
        (origin("127.0.0.1"), 1, 65_507),
    ],
)
def test_an_answer_on_the_link_is_one_packet(
    sender: Origin, index: int, limit: int
) -> None:
    assert judge(sender, index=index, size=limit) is None
    assert judge(sender, index=index, size=limit + 1) is Refusal.TOO_LARGE


def test_an_answer_beyond_the_link_gains_at_most_64_bytes() -> None:
    limits = Limits(answer_to=(ip_network("192.0.2.0/24"),))
    sender = origin("192.0.2.7")
    assert judge(sender, limits=limits, asked=10, size=74) is None
    assert judge(sender, limits=limits, asked=10, size=75) is Refusal.TOO_LARGE


def rate(policy: AnswerPolicy, now: float, sender: Origin | None = None) -> int:
    """Count how many answers one source gets at once."""
    given = 0
    while not policy.refusal(sender or origin(), 2, asked_bytes=1, bytes_=1, now=now):
        given += 1
    return given


def test_a_source_gets_a_burst_and_then_its_rate() -> None:
    policy = AnswerPolicy(Limits(rate=1000), [ETH0])
    assert rate(policy, 10.0) == 1000
    assert rate(policy, 10.0) == 0
    assert rate(policy, 10.25) == 250
    assert rate(policy, 99.0) == 1000


def test_every_source_has_its_own_rate_whatever_its_port() -> None:
    policy = AnswerPolicy(Limits(rate=5), [ETH0])
    assert rate(policy, 0, origin("10.0.0.2")) == 5
    assert rate(policy, 0, origin("10.0.0.3")) == 5
    assert rate(policy, 0, origin("10.0.0.3", 9999)) == 0


def test_a_rate_of_zero_answers_nobody() -> None:
    assert judge(origin(), limits=Limits(rate=0)) is Refusal.RATE


def test_a_refused_size_costs_no_rate() -> None:
    policy = AnswerPolicy(Limits(rate=1), [ETH0])
    for _ in range(3):
        policy.refusal(origin(), 2, asked_bytes=1, bytes_=9999, now=0)
    assert rate(policy, 0) == 1


def test_a_verdict_is_given_anew_when_interfaces_change() -> None:
    policy = AnswerPolicy(Limits(), [])
    assert rate(policy, 0) == 0
    policy.update_interfaces([ETH0])
    assert rate(policy, 0) == 1000
