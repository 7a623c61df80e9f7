from ipaddress import ip_network

from groupwire.deliver.pull.doorman import MAX_AT_ONCE, MAX_HOSTS, Doorman
from groupwire.deliver.pull.rules import PullRules
from groupwire.values import Origin


def test_everybody_is_let_in_where_no_network_is_named() -> None:
    assert Doorman(PullRules("m", 1)).lets_in(Origin("10.0.0.1", 1))


def test_only_the_networks_named_are_let_in() -> None:
    allowed = (ip_network("10.0.0.0/30"), ip_network("fd00::/16"))
    doorman = Doorman(PullRules("m", 1, allowed=allowed))
    for _ in range(2):
        assert doorman.lets_in(Origin("10.0.0.1", 1))
        assert doorman.lets_in(Origin("fd00::1", 1))
        assert not doorman.lets_in(Origin("10.0.0.9", 1))
        assert not doorman.lets_in(Origin("fe80::1", 1))


def test_hosts_remembered_are_bounded() -> None:
    doorman = Doorman(PullRules("m", 1, allowed=(ip_network("10.0.0.0/8"),)))
    for number in range(MAX_HOSTS + 10):
        doorman.lets_in(Origin(f"10.0.{number >> 8}.{number & 255}", 1))
    assert len(doorman._hosts) == MAX_HOSTS


def test_so_many_deliveries_as_there_are_to_be() -> None:
    doorman = Doorman(PullRules("m", 1, count=2))
    assert doorman.has_room(1)
    assert not doorman.has_room(2)
    doorman.ended = 1
    assert not doorman.has_room(1)
    assert not doorman.closed
    doorman.ended = 2
    assert doorman.closed


def test_without_a_number_several_at_once_and_never_the_last() -> None:
    doorman = Doorman(PullRules("m", 1, count=None))
    doorman.ended = 1000
    assert doorman.has_room(MAX_AT_ONCE - 1)
    assert not doorman.has_room(MAX_AT_ONCE)
    assert not doorman.closed
