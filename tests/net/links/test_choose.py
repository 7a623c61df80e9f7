"""Which interface: machines as data, choices and their reasons."""

from ipaddress import IPv4Interface, IPv6Interface, ip_interface

import pytest

from groupwire.errors import InterfaceChoiceError, InterfaceError
from groupwire.net.links import candidates, choose_receivers, choose_sender
from groupwire.values import Group, Interface

GROUP = Group.parse("239.255.42.99:10000")
GROUP6 = Group.parse("[ff15::4242]:10000")


def interface(
    name: str,
    index: int,
    *addresses: str,
    up: bool = True,
    multicast: bool = True,
    point_to_point: bool = False,
    kind: str = "",
    master: int = 0,
) -> Interface:
    return Interface(
        name,
        index,
        tuple(ip_interface(a) for a in addresses),
        up=up,
        carrier=up,
        multicast=multicast,
        point_to_point=point_to_point,
        kind=kind,
        master=master,
    )


LO = Interface(
    "lo",
    1,
    (IPv4Interface("127.0.0.1/8"), IPv6Interface("::1/128")),
    up=True,
    carrier=True,
    loopback=True,
)
ETH0 = interface("eth0", 2, "10.0.0.1/24", "fe80::1/64")
WLAN0 = interface("wlan0", 3, "192.168.1.5/24", "fe80::1/64", "2001:db8::5/64")
DOWN = interface("eth9", 9, "10.9.0.1/24", up=False)
DOCKER = interface("docker0", 4, "172.17.0.1/16", kind="bridge")
VPN = interface("wg0", 5, "10.8.0.2/24", kind="wireguard", point_to_point=True)
PORT = interface("eth5", 6, master=7)
BRIDGE = interface("br0", 7, "10.5.0.1/24", kind="bridge")
DEAF = interface("eth7", 8, "10.7.0.1/24", multicast=False)
EVERYTHING = (LO, ETH0, WLAN0, DOCKER, VPN, PORT, BRIDGE, DEAF, DOWN)


def names(found: tuple[Interface, ...] | list[Interface]) -> list[str]:
    return [i.name for i in found]


# Candidates.


def test_candidates_are_what_somebody_would_mean() -> None:
    assert names(candidates(EVERYTHING)) == ["eth0", "wlan0", "br0"]


@pytest.mark.parametrize(
    "name",
    [
        "docker0",
        "docker_gwbridge",
        "br-0123456789ab",
        "virbr0",
        "lxcbr0",
        "cni0",
        "cni-podman0",
        "flannel.1",
        "cali1a2b3c",
        "tun0",
        "tap1",
        "wg0",
        "tailscale0",
        "ppp0",
        "zt7nnig26",
    ],
)
def test_names_of_container_bridges_and_tunnels_are_known(name: str) -> None:
    assert not candidates([interface(name, 2, "10.0.0.1/24")])


@pytest.mark.parametrize(
    "name", ["eth0", "enp3s0", "wlp2s0", "br0", "br-lan", "bond0", "eth0.100", "vmbr0"]
)
def test_names_of_ordinary_interfaces_are_not_taken_for_those(name: str) -> None:
    assert candidates([interface(name, 2, "10.0.0.1/24")])


@pytest.mark.parametrize("kind", ["tun", "wireguard", "gre", "ipip", "sit", "xfrm"])
def test_tunnels_are_known_by_the_kernels_word_whatever_their_name(kind: str) -> None:
    assert not candidates([interface("office", 2, "10.0.0.1/24", kind=kind)])


# Receivers.


def test_receivers_join_on_every_candidate_and_loopback() -> None:
    choice = choose_receivers(GROUP, None, EVERYTHING)
    assert names(choice.interfaces) == ["eth0", "wlan0", "br0", "lo"]
    assert choice.reason == "every interface that can multicast, and loopback"


def test_receivers_join_on_loopback_where_there_is_nothing_else() -> None:
    assert names(choose_receivers(GROUP, None, [LO]).interfaces) == ["lo"]


def test_an_ipv4_group_is_joined_without_an_address() -> None:
    bare = interface("eth0", 2)
    assert names(choose_receivers(GROUP, None, [bare]).interfaces) == ["eth0"]


def test_an_ipv6_group_needs_an_ipv6_address() -> None:
    four = interface("eth1", 4, "10.1.0.1/24")
    choice = choose_receivers(GROUP6, None, [LO, ETH0, four])
    assert names(choice.interfaces) == ["eth0", "lo"]


@pytest.mark.parametrize("word", ["all", "ALL", "All"])
def test_all_receivers_join_on_tunnels_and_containers_too(word: str) -> None:
    choice = choose_receivers(GROUP, word, EVERYTHING)
    assert {"docker0", "wg0", "eth0", "lo"} <= set(names(choice.interfaces))
    assert not {"eth7", "eth9"} & set(names(choice.interfaces))
    assert choice.reason == "every interface, as asked"


def test_all_leaves_out_a_loopback_that_is_down() -> None:
    down = Interface("lo", 1, loopback=True)
    assert names(choose_receivers(GROUP, "all", [down, ETH0]).interfaces) == ["eth0"]


@pytest.mark.parametrize("wanted", [None, "all"])
def test_with_everything_down_the_text_says_what_to_bring_up(
    wanted: str | None,
) -> None:
    down = Interface("lo", 1, loopback=True)
    with pytest.raises(InterfaceError, match="ip link set eth9 up"):
        choose_receivers(GROUP, wanted, [down, DOWN])
    with pytest.raises(InterfaceError, match="ip link set eth9 up"):
        choose_sender(GROUP, wanted, [down, DOWN], None)


@pytest.mark.parametrize("wanted", [None, "all"])
def test_with_nothing_for_this_ip_version_the_text_says_so(wanted: str | None) -> None:
    four = interface("eth1", 4, "10.1.0.1/24")
    with pytest.raises(InterfaceError, match="IPv6 group"):
        choose_receivers(GROUP6, wanted, [four, DOWN])
    with pytest.raises(InterfaceError, match="IPv6 group"):
        choose_sender(GROUP6, wanted, [four, DOWN], None)


# Named.


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("eth0", "eth0"),
        ("2", "eth0"),
        (2, "eth0"),
        ("10.0.0.1", "eth0"),
        ("192.168.1.5", "wlan0"),
        ("2001:db8::5", "wlan0"),
        ("2001:DB8:0:0::5", "wlan0"),
        ("fe80::1%wlan0", "wlan0"),
        ("fe80::1%3", "wlan0"),
        ("fe80::1%eth0", "eth0"),
        ("fe80::1", "eth0"),
        ("wg0", "wg0"),
        ("docker0", "docker0"),
        ("lo", "lo"),
    ],
)
def test_an_interface_is_named_by_name_index_or_address(
    wanted: str | int, name: str
) -> None:
    for choice in (
        choose_receivers(GROUP, wanted, EVERYTHING),
        choose_sender(GROUP, wanted, EVERYTHING, route=4),
    ):
        assert names(choice.interfaces) == [name]
        assert choice.reason == f"{wanted} was named"


def test_a_name_goes_before_an_index() -> None:
    odd = interface("2", 12, "10.2.0.1/24")
    assert choose_receivers(GROUP, "2", [ETH0, odd]).interfaces == (odd,)


@pytest.mark.parametrize(
    ("wanted", "fix"),
    [
        ("eth", "did you mean eth0?"),
        ("etho", "did you mean eth0?"),
        ("wlan", "did you mean wlan0?"),
        ("Wlan0", "did you mean wlan0?"),
        ("nowhere", "there are lo, eth0, wlan0"),
        ("99", "there are lo, eth0, wlan0"),
        ("10.0.0.99", "there are lo, eth0, wlan0"),
        ("fe80::1%lo", "there are lo, eth0, wlan0"),
    ],
)
def test_an_unknown_interface_is_told_with_what_there_is(wanted: str, fix: str) -> None:
    with pytest.raises(InterfaceError, match="there is no interface") as caught:
        choose_receivers(GROUP, wanted, [LO, ETH0, WLAN0])
    assert caught.value.fix == fix


def test_without_any_interface_the_text_still_says_something() -> None:
    with pytest.raises(InterfaceError, match="there are none at all"):
        choose_receivers(GROUP, "eth0", [])


def test_a_named_interface_must_be_up() -> None:
    with pytest.raises(InterfaceError, match="ip link set eth9 up"):
        choose_receivers(GROUP, "eth9", EVERYTHING)


def test_a_named_interface_must_have_multicast_on() -> None:
    with pytest.raises(InterfaceError, match="ip link set eth7 multicast on"):
        choose_sender(GROUP, "eth7", EVERYTHING, None)


@pytest.mark.parametrize(
    ("group", "example"), [(GROUP, "10.0.0.2/24"), (GROUP6, "fd00::2/64")]
)
def test_a_named_interface_needs_an_address_to_send_from(
    group: Group, example: str
) -> None:
    bare = interface("eth0", 2)
    with pytest.raises(InterfaceError, match=r"no IPv. address to send from") as caught:
        choose_sender(group, "eth0", [bare], None)
    assert example in caught.value.fix


# Senders.


def test_a_sender_takes_the_route() -> None:
    choice = choose_sender(GROUP, None, EVERYTHING, route=3)
    assert names(choice.interfaces) == ["wlan0"]
    assert choice.reason == "the route for 239.255.42.99 leaves by wlan0"


def test_a_route_by_a_tunnel_or_container_bridge_is_taken_and_told() -> None:
    choice = choose_sender(GROUP, None, EVERYTHING, route=5)
    assert names(choice.interfaces) == ["wg0"]
    assert "a tunnel; if eth0 or wlan0 or br0 is meant" in choice.reason
    choice = choose_sender(GROUP, None, EVERYTHING, route=4)
    assert "a bridge for containers" in choice.reason
    choice = choose_sender(GROUP, None, EVERYTHING, route=6)
    assert "a port of a bridge or bond" in choice.reason


def test_a_route_by_a_tunnel_alone_needs_no_warning() -> None:
    choice = choose_sender(GROUP, None, [LO, VPN], route=5)
    assert choice.reason == "the route for 239.255.42.99 leaves by wg0"


@pytest.mark.parametrize("route", [None, 9, 77])
def test_without_a_usable_route_the_only_candidate_is_taken(route: int | None) -> None:
    choice = choose_sender(GROUP, None, [LO, ETH0, DOCKER, VPN, DOWN], route)
    assert names(choice.interfaces) == ["eth0"]
    assert choice.reason == "no route for 239.255.42.99; eth0 is the only candidate"


def test_without_a_route_several_candidates_are_a_question_to_the_user() -> None:
    with pytest.raises(InterfaceChoiceError) as caught:
        choose_sender(GROUP, None, [LO, ETH0, WLAN0, interface("eth3", 33)], None)
    assert caught.value.candidates == ("eth0", "wlan0", "eth3")
    assert "eth0 (10.0.0.1), wlan0 (192.168.1.5), eth3" in str(caught.value)
    assert "-i eth0" in caught.value.fix


@pytest.mark.parametrize("others", [(), (DOCKER, VPN, DOWN)])
def test_with_nothing_but_loopback_loopback_is_taken(
    others: tuple[Interface, ...],
) -> None:
    choice = choose_sender(GROUP, None, [LO, *others], None)
    assert names(choice.interfaces) == ["lo"]


def test_all_senders_are_those_with_an_address_and_no_master() -> None:
    bare = interface("eth3", 33)
    choice = choose_sender(GROUP, "all", [*EVERYTHING, bare], route=2)
    assert names(choice.interfaces) == ["eth0", "wlan0", "docker0", "wg0", "br0"]


def test_all_senders_are_loopback_where_there_is_nothing_else() -> None:
    assert names(choose_sender(GROUP, "all", [LO], None).interfaces) == ["lo"]
