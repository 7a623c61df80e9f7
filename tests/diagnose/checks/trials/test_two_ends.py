from dataclasses import replace

import pytest
from tests.diagnose.checks.trials.scenes import codes, look, one, scene

from groupwire.diagnose.checks.trials import TwoEnds
from groupwire.diagnose.finding import Diagnosis, Finding
from groupwire.diagnose.trials.seen import Arrived, LoopbackSeen, PeerSeen, Way

SENT = (0, 1, 2)
ALL = tuple(Arrived(number, 1, 100) for number in SENT)
FINE = Way(sent=SENT, left=SENT, reached=SENT, arrived=ALL, interface="eth9")
LOST = Way(sent=SENT, left=SENT, reached=(), interface="eth9")
SHUT = replace(LOST, reached=SENT)
KEPT = replace(LOST, left=())
HEALTHY = PeerSeen(
    address="198.18.1.2",
    port=10_003,
    group="239.255.42.99:10000",
    interface="eth0",
    serving=True,
    name="bob",
    hops=0,
    there=FINE,
    back=FINE,
    peer_mtu_bytes=1500,
)
ALONE = PeerSeen(address="198.18.1.2", port=10_003, group="239.255.42.99:10000")


def judged(seen: PeerSeen, *others: object, ttl_hops: int = 1) -> Diagnosis:
    return look(TwoEnds(), scene(seen, *others, ttl_hops=ttl_hops))


def error(diagnosis: Diagnosis) -> Finding:
    (found,) = [one for one in diagnosis.findings if one.severity.value == "error"]
    return found


# Nothing wrong


@pytest.mark.parametrize(
    ("hops", "words"),
    [
        (0, "no router between"),
        (1, "one router between"),
        (3, "3 routers between"),
        (None, ""),
    ],
)
def test_two_ends_that_hear_each_other_are_well(hops: int | None, words: str) -> None:
    found = one(judged(replace(HEALTHY, hops=hops, ttl_hops=9)))
    assert (found.code, found.severity.value) == ("peer", "info")
    assert "bob (198.18.1.2)" in found.says
    assert words in found.evidence[-1]


def test_without_a_peer_it_says_what_one_would_add() -> None:
    diagnosis = look(TwoEnds(), scene())
    assert "groupwire doctor --serve" in diagnosis.missed[0]
    assert diagnosis.verdict.value == "ok"


def test_without_root_it_says_what_root_would_add() -> None:
    blind = Way(sent=SENT, arrived=ALL)
    diagnosis = judged(replace(HEALTHY, there=blind, back=blind))
    assert codes(diagnosis) == ["info peer"]
    assert "as root" in diagnosis.missed[0]


def test_of_a_group_with_one_sender_one_way_is_tried() -> None:
    diagnosis = judged(replace(HEALTHY, there=None, one_way=True))
    assert one(diagnosis).says == "Multicast passes from bob (198.18.1.2) to this host."
    assert "received from" in diagnosis.missed[0]
    lost = judged(replace(HEALTHY, there=None, back=LOST, one_way=True))
    assert codes(lost) == ["error asymmetric"]


# Who cannot tell


@pytest.mark.parametrize("there", [None, FINE])
def test_a_peer_that_falls_silent_leaves_it_open_and_is_no_error(
    there: Way | None,
) -> None:
    gone = replace(HEALTHY, fell_silent=True, there=there, back=None)
    diagnosis = judged(gone)
    assert codes(diagnosis) == []
    assert "answered at first, and then no more" in diagnosis.unsure[0]


def test_what_is_known_of_the_way_there_counts_when_the_peer_falls_silent() -> None:
    diagnosis = judged(replace(HEALTHY, fell_silent=True, there=LOST, back=None))
    assert codes(diagnosis) == ["error asymmetric"]


@pytest.mark.parametrize("address", ["127.0.0.1", "198.18.1.1", "fd00::1%eth0"])
def test_this_machine_is_no_peer_of_itself(address: str) -> None:
    diagnosis = judged(replace(HEALTHY, address=address, back=LOST))
    assert codes(diagnosis) == []
    assert "is an address of this one" in diagnosis.unsure[0]


# No doctor there


def test_a_member_that_answers_shows_that_the_way_there_works() -> None:
    diagnosis = judged(replace(ALONE, members=("bob", "eve"), there=LOST))
    assert one(diagnosis).says == (
        "The group reaches 198.18.1.2: bob, eve answered there."
    )
    assert "--serve -g 239.255.42.99:10000" in diagnosis.missed[0]
    assert diagnosis.verdict.value == "ok"


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (replace(ALONE, refused=True), "the machine is there"),
        (ALONE, "UDP port 10003"),
        (replace(ALONE, trouble="no way out"), "no way out"),
        (replace(ALONE, other_group="239.1.1.1:5"), "serves 239.1.1.1:5"),
    ],
)
def test_a_peer_that_cannot_be_asked_leaves_it_open(seen: PeerSeen, words: str) -> None:
    diagnosis = judged(seen)
    assert codes(diagnosis) == []
    assert diagnosis.verdict.value == "inconclusive"
    assert words in diagnosis.unsure[0]


# Lost in one direction


def test_what_the_network_loses_in_one_direction_is_asymmetric() -> None:
    found = error(judged(replace(HEALTHY, there=LOST)))
    assert found.code == "asymmetric"
    assert "lost from this host to the peer 198.18.1.2" in found.says
    assert "in the network between" in found.says
    assert "unicast to 198.18.1.2 and back works" in found.evidence


def test_what_the_peer_found_out_about_itself_is_told() -> None:
    seen = replace(HEALTHY, there=LOST, findings=(("no-carrier", "unplugged"),))
    assert "the peer found no-carrier: unplugged" in error(judged(seen)).evidence


def test_the_way_back_is_told_as_such() -> None:
    back = replace(LOST, left=None, reached=None)
    found = error(judged(replace(HEALTHY, back=back)))
    assert "lost from the peer 198.18.1.2 to this host" in found.says
    assert "as root" in found.says
    assert "firewall" in found.explained_by


def test_what_does_not_leave_this_host_is_its_firewall() -> None:
    found = error(judged(replace(HEALTHY, there=KEPT)))
    assert (found.code, found.sure.value) == ("firewall", "likely")
    assert "What this host sends to 239.255.42.99 does not leave it" in found.says


def test_what_the_system_forbids_is_a_firewall_for_certain() -> None:
    way = Way(error="forbidden", forbidden=True)
    found = error(judged(replace(HEALTHY, there=way)))
    assert (found.code, found.sure.value) == ("firewall", "certain")
    assert found.evidence[0] == "forbidden"


def test_what_loopback_told_is_not_told_twice() -> None:
    way = Way(error="forbidden", forbidden=True)
    known = LoopbackSeen(interface="eth0", send_error=1)
    assert codes(judged(replace(HEALTHY, there=way), known)) == []


@pytest.mark.parametrize(
    ("there", "back", "who"),
    [
        (FINE, Way(error="no way out"), "The peer 198.18.1.2 cannot send"),
        (Way(), FINE, "This host cannot send"),
    ],
)
def test_who_cannot_send_is_told(there: Way, back: Way, who: str) -> None:
    found = error(judged(replace(HEALTHY, there=there, back=back)))
    assert found.code == "asymmetric"
    assert found.says.startswith(who)


@pytest.mark.parametrize("there", [True, False])
def test_what_reaches_a_host_and_no_socket_is_its_firewall(there: bool) -> None:
    ways = {"there": SHUT} if there else {"back": SHUT}
    found = error(judged(replace(HEALTHY, **ways)))
    assert found.code == "firewall"
    who = "the peer 198.18.1.2" if there else "this host"
    assert f"reaches the network card of {who}" in found.says
    assert found.explained_by == (() if there else ("firewall",))


@pytest.mark.parametrize("there", [True, False])
def test_what_rp_filter_throws_away_is_told_with_its_counter(there: bool) -> None:
    way = replace(SHUT, reverse_path=3)
    ways = {"there": way} if there else {"back": way}
    found = error(judged(replace(HEALTHY, **ways)))
    mends = "sudo sysctl -w net.ipv4.conf.eth9.rp_filter=0"
    assert found.code == "rp-filter"
    assert "+3" in found.evidence[0]
    # What mends the peer is nothing to type here.
    assert (found.interface, mends in found.fix) == (
        (None, False) if there else ("eth9", True)
    )
    assert (mends in found.says) is there


# Lost in both


def test_lost_in_both_directions_and_nobody_asks_is_a_lacking_querier() -> None:
    found = error(judged(replace(HEALTHY, there=LOST, back=LOST)))
    assert (found.code, found.sure.value) == ("no-querier", "likely")
    assert "IGMP querier" in found.says


@pytest.mark.parametrize(
    "known",
    [
        {"queries": 1},
        {"hops": 1, "ttl_hops": 2},
        {"back": None},
        {"back": SHUT},
    ],
)
def test_with_another_explanation_it_is_none(known: dict[str, object]) -> None:
    seen = replace(HEALTHY, **{"there": LOST, "back": LOST, **known})
    assert "error no-querier" not in codes(judged(seen))


def test_what_a_new_join_mends_proves_that_a_switch_had_forgotten() -> None:
    there = replace(LOST, renewed=(40, 41), arrived=(Arrived(40, 1, 90),))
    found = error(judged(replace(HEALTHY, there=there)))
    assert (found.code, found.sure.value) == ("no-querier", "certain")
    assert "as soon as the peer had joined once more" in found.says


def test_for_ipv6_it_speaks_of_mld() -> None:
    seen = replace(HEALTHY, there=LOST, back=LOST, address="fd00::2")
    on = scene(seen, group="[ff15::1]:5000")
    assert "MLD querier" in error(look(TwoEnds(), on)).says


# Too few hops


def test_a_ttl_that_is_too_small_is_told_with_one_that_is_enough() -> None:
    far = replace(LOST, farther=(8, 9), farther_hops=2, arrived=(Arrived(8, 1, 90),))
    found = error(judged(replace(HEALTHY, hops=1, there=far)))
    assert found.code == "ttl"
    assert found.fix == ("groupwire send -g 239.255.42.99:10000 --ttl 2 hello",)
    assert "with TTL 2: 2 sent, 1 arrived" in found.evidence
    assert "either" not in found.says


def test_a_router_that_passes_no_multicast_is_told_too() -> None:
    far = replace(LOST, farther=(8, 9), farther_hops=4)
    found = error(judged(replace(HEALTHY, hops=3, there=far)))
    assert "3 routers" in found.says
    assert "With that TTL it did not arrive either" in found.says


def test_without_a_further_try_it_is_the_ttl() -> None:
    found = error(judged(replace(HEALTHY, hops=1, there=LOST)))
    assert (found.code, len(found.evidence)) == ("ttl", 2)


def test_a_ttl_that_is_large_enough_is_not_to_blame() -> None:
    seen = replace(HEALTHY, hops=1, ttl_hops=2, there=LOST)
    assert error(judged(seen)).code == "asymmetric"


# In part


def test_some_loss_is_a_warning() -> None:
    part = replace(FINE, arrived=ALL[:1])
    assert codes(judged(replace(HEALTHY, back=part))) == ["warning loss", "info peer"]


LARGE = ((3, 1472), (4, 1472), (5, 1000), (6, 1000))


def large(*numbers: int) -> Way:
    arrived = (*ALL, *(Arrived(number, 1, 1) for number in numbers))
    return replace(FINE, sizes=LARGE, arrived=arrived)


def test_large_ones_that_are_lost_are_the_mtu() -> None:
    found = error(judged(replace(HEALTHY, there=large(5, 6), back=large(5, 6))))
    assert found.code == "mtu"
    assert "Send at most 1000 bytes" in found.says
    assert found.fix == ("sudo ip link set dev eth0 mtu 1028",)


def test_where_no_size_that_was_tried_passes_no_mtu_is_named() -> None:
    found = error(judged(replace(HEALTHY, there=large())))
    assert found.fix == ()
    assert "Send far fewer bytes" in found.says


@pytest.mark.parametrize(
    ("here", "fix"),
    [(1400, ("sudo ip link set dev eth0 mtu 1500",)), (1500, ())],
)
def test_a_host_that_takes_less_than_the_peer_sends_can_take_more(
    here: int, fix: tuple[str, ...]
) -> None:
    found = error(judged(replace(HEALTHY, back=large(5, 6), mtu_bytes=here)))
    assert found.fix == fix
    assert ("raise that of this host" in found.says) == (here == 1400)


def test_the_peers_own_mtu_is_the_one_to_take() -> None:
    seen = replace(HEALTHY, there=large(5, 6), peer_mtu_bytes=1400)
    assert error(judged(seen)).fix == ("sudo ip link set dev eth0 mtu 1400",)


def test_large_ones_that_are_lost_on_the_way_back_are_mended_there() -> None:
    seen = replace(HEALTHY, there=large(3, 4, 5, 6), back=large(), address="fd00::2")
    found = error(judged(seen))
    assert "from the peer fd00::2 to this host" in found.says
    assert found.fix == ()


def test_a_peer_that_only_hears_is_judged_one_way() -> None:
    seen = replace(HEALTHY, there=LOST, back=None)
    assert codes(judged(seen)) == ["error asymmetric"]
