from ipaddress import ip_address

from tests.diagnose.checks.moments import scene

from groupwire.diagnose.checks.machine.arriving import Arriving
from groupwire.diagnose.trials.came import Came

CHECK = Arriving()


def test_what_came_is_told_with_who_sent_it() -> None:
    came = Came(
        interface="eth0",
        heard=4,
        on_wire=4,
        sources=(ip_address("198.18.1.2"),),
        watched_s=1.0,
    )
    looked = CHECK.look(scene(trials=[came]))
    assert looked.at == (
        "what comes for the group on eth0: 4 datagrams in 1 s, 4 seen on the wire, "
        "from 198.18.1.2",
    )
    assert looked.unsure == ()


def test_tests_and_what_the_doctor_lost_itself_are_told() -> None:
    came = Came(interface="eth0", heard=9, tests=5, dropped=7, watched_s=1.0)
    (line,) = CHECK.look(scene(trials=[came])).at
    assert "9 datagrams in 1 s (5 of them tests of a doctor), 7 more than it" in line


def test_without_root_the_wire_is_not_seen() -> None:
    looked = CHECK.look(scene(trials=[Came(interface="eth0", watched_s=1.0)]))
    assert looked.at == ("what comes for the group on eth0: 0 datagrams in 1 s",)


def test_what_is_seen_and_not_given_to_a_program_is_left_open() -> None:
    source = (ip_address("198.18.1.2"),)
    came = Came(interface="eth0", on_wire=4, unheard=source, watched_s=1.0)
    (line,) = CHECK.look(scene(trials=[came])).unsure
    assert "from 198.18.1.2 reach eth0, and no program" in line
    taken = Came(interface="eth0", on_wire=4, unheard=source, port_taken=True)
    assert CHECK.look(scene(trials=[taken])).unsure == ()
