from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.diagnose.checks.moments import SETTINGS, codes, moment, only, question, scene

from groupwire.diagnose.check import Scene
from groupwire.diagnose.checks.machine.sockets import Buffers, Drops, Listeners
from groupwire.diagnose.evidence.surroundings import (
    Counters,
    Owner,
    Surroundings,
    UdpSocket,
)
from groupwire.diagnose.finding import Severity
from groupwire.diagnose.trials.came import Came

OWN = UdpSocket(
    ip=ip_address("239.255.42.99"),
    port=10_000,
    inode=1,
    owners=(Owner(77, "recorder"),),
    buffer_bytes=212_992,
)
WILD = replace(OWN, ip=ip_address("0.0.0.0"), inode=2)
FOREIGN = replace(WILD, inode=3, owners=(), uid=1000)
OTHER = replace(OWN, port=5353, inode=4)
SYSCTL = (
    "sudo sysctl -w net.core.rmem_max=8388608",
    "sudo sysctl -w net.core.rmem_default=4194304",
)


def _later(*sockets: UdpSocket, drops: int) -> Scene:
    lossy = tuple(replace(one, drops=drops) for one in sockets)
    return scene(before=moment(sockets=sockets), after=moment(sockets=lossy))


class TestDrops:
    CHECK = Drops()

    def test_nothing_lost_is_fine(self) -> None:
        assert codes(self.CHECK.look(_later(OWN, drops=0))) == []

    def test_a_receiver_of_the_group_that_loses_is_an_error(self) -> None:
        finding = only(self.CHECK, _later(OWN, drops=9))
        assert (finding.code, finding.severity) == ("kernel-drops", Severity.ERROR)
        assert finding.says.startswith("recorder (process 77) loses datagrams: 9 ")
        assert "held by recorder (process 77) (/proc/*/fd)" in finding.evidence
        assert finding.fix == SYSCTL

    def test_another_program_that_loses_is_a_warning(self) -> None:
        finding = only(self.CHECK, _later(OTHER, drops=9))
        assert finding.severity is Severity.WARNING

    def test_what_was_lost_before_is_a_warning_for_the_group_alone(self) -> None:
        lossy = replace(OWN, drops=5)
        finding = only(self.CHECK, scene(before=moment(sockets=(lossy,))))
        assert finding.severity is Severity.WARNING
        assert "lost 5 datagrams since" in finding.says
        elsewhere = moment(sockets=(replace(OTHER, drops=5),))
        assert codes(self.CHECK.look(scene(before=elsewhere))) == []

    def test_a_socket_that_is_new_is_the_doctors_own(self) -> None:
        after = moment(sockets=(replace(OWN, drops=5),))
        assert codes(self.CHECK.look(scene(before=moment(), after=after))) == []

    @pytest.mark.parametrize("size", [4096, None])
    def test_who_asked_for_little_has_to_ask_for_more(self, size: int | None) -> None:
        finding = only(self.CHECK, _later(replace(OWN, buffer_bytes=size), drops=9))
        assert finding.fix == (() if size else SYSCTL)
        assert ("itself asked" in finding.says) == (size is not None)

    def test_a_program_of_another_user_has_no_name(self) -> None:
        six = replace(FOREIGN, ip=ip_address("::"))
        finding = only(self.CHECK, _later(six, drops=1))
        assert finding.says.startswith("A program of user 1000")
        assert "start the program again" in finding.says
        assert "[::]:10000 0 -> 1 (/proc/net/udp6)" in finding.evidence[0]
        small = replace(FOREIGN, buffer_bytes=4096)
        assert "the program itself" in only(self.CHECK, _later(small, drops=1)).says

    def test_without_root_names_are_missed(self) -> None:
        machine = moment(sockets=(replace(FOREIGN, drops=1),))
        looked = self.CHECK.look(scene(question(root=False), machine))
        assert len(looked.missed) == 1
        assert self.CHECK.look(scene(question(root=False))).missed == ()


class TestBuffers:
    CHECK = Buffers()

    def _machine(self, most: int | None, usual: int | None) -> Surroundings:
        settings = replace(SETTINGS, buffer_most_bytes=most, buffer_default_bytes=usual)
        return moment(settings=settings)

    def test_large_ones_are_fine(self) -> None:
        assert codes(self.CHECK.look(scene(before=moment(sockets=(OWN,))))) == []
        unknown = self._machine(None, 212_992)
        assert codes(self.CHECK.look(scene(before=unknown))) == []
        unknown = self._machine(212_992, None)
        assert codes(self.CHECK.look(scene(before=unknown))) == []

    @pytest.mark.parametrize(
        ("most", "usual", "severity"),
        [
            (212_992, 212_992, Severity.INFO),
            (100_000, 100_000, Severity.WARNING),
            (4 << 20, 10_000, Severity.WARNING),
        ],
    )
    def test_small_limits(self, most: int, usual: int, severity: Severity) -> None:
        finding = only(self.CHECK, scene(before=self._machine(most, usual)))
        assert (finding.code, finding.severity) == ("receive-buffer", severity)
        assert finding.fix[1] == "sudo sysctl -w net.core.rmem_default=4194304"

    def test_a_small_socket_of_the_group_is_a_warning(self) -> None:
        small = replace(OWN, buffer_bytes=4096)
        finding = only(self.CHECK, scene(before=moment(sockets=(small,))))
        assert finding.severity is Severity.WARNING
        assert "About 4 small datagrams" in finding.says

    @pytest.mark.parametrize("size", [None, 212_992])
    def test_an_unknown_or_usual_size_is_fine(self, size: int | None) -> None:
        machine = moment(sockets=(replace(OWN, buffer_bytes=size),))
        assert codes(self.CHECK.look(scene(before=machine))) == []

    def test_losses_of_a_program_that_is_gone_are_told(self) -> None:
        later = moment(counters=Counters(receive_buffer=3, receive_buffer6=4))
        finding = only(self.CHECK, scene(before=moment(), after=later))
        assert "RcvbufErrors 0 -> 3 (/proc/net/snmp)" in finding.evidence
        six = scene(question("[ff15::4242]:10000"), moment(), later)
        (fact,) = only(self.CHECK, six).evidence
        assert fact == "Udp6RcvbufErrors 0 -> 4 (/proc/net/snmp6)"

    def test_losses_of_the_doctor_itself_are_nobodys_fault(self) -> None:
        later = moment(counters=Counters(receive_buffer=3))
        own = Came(interface="eth0", dropped=3)
        at = scene(before=moment(), after=later, trials=[own])
        assert codes(self.CHECK.look(at)) == []

    def test_losses_that_a_socket_shows_are_told_there(self) -> None:
        later = moment(
            counters=Counters(receive_buffer=3), sockets=(replace(OWN, drops=3),)
        )
        at = scene(before=moment(sockets=(OWN,)), after=later)
        assert codes(self.CHECK.look(at)) == []

    def test_in_a_container_the_host_sets_them(self) -> None:
        fixed = replace(
            self._machine(212_992, 212_992).settings, buffers_settable=False
        )
        finding = only(self.CHECK, scene(before=moment(settings=fixed)))
        assert finding.fix == ()
        assert "set it on the host" in finding.says
        lossy = moment(settings=fixed, sockets=(replace(OWN, drops=9),))
        at = scene(before=moment(settings=fixed, sockets=(OWN,)), after=lossy)
        finding = only(Drops(), at)
        assert (finding.fix, "set it on the host" in finding.says) == ((), True)


class TestListeners:
    CHECK = Listeners()

    def test_nobody_else_is_fine(self) -> None:
        assert codes(self.CHECK.look(scene(before=moment(sockets=(OTHER,))))) == []

    @pytest.mark.parametrize(
        ("sockets", "severity", "words"),
        [
            ((OWN,), Severity.INFO, "goes to none of them"),
            ((WILD,), Severity.INFO, "goes to recorder (process 77), and so do"),
            ((FOREIGN,), Severity.INFO, "goes to a program of user 1000"),
            ((WILD, FOREIGN), Severity.WARNING, "goes to one of them only"),
        ],
    )
    def test_who_else_listens(
        self, sockets: tuple[UdpSocket, ...], severity: Severity, words: str
    ) -> None:
        finding = only(self.CHECK, scene(before=moment(sockets=sockets)))
        assert (finding.code, finding.severity) == ("other-listener", severity)
        assert words in finding.says
        assert len(finding.evidence) == len(sockets)

    def test_thousands_of_sockets_are_told_in_a_few_lines(self) -> None:
        same = [replace(WILD, inode=n) for n in range(10, 3010)]
        others = [
            replace(WILD, inode=9000 + n, owners=(Owner(n, "reader"),))
            for n in range(100, 2100)
        ]
        machine = moment(sockets=(FOREIGN, *same, *others))
        finding = only(self.CHECK, scene(before=machine))
        assert finding.says.startswith("A program of user 1000, recorder (process 77)")
        assert "and 1,994 more also listen" in finding.says
        assert finding.evidence[1].endswith("(/proc/net/udp, /proc/*/fd), 3,000 times")
        assert finding.evidence[-1] == "1,994 more like these"
        assert len(finding.evidence) == 9

    def test_a_group_of_ipv6_is_not_heard_by_ipv4(self) -> None:
        six = question("[ff15::4242]:10000")
        at = scene(six, moment(sockets=(WILD,)))
        assert codes(self.CHECK.look(at)) == []

    def test_who_holds_the_port_alone_is_an_error(self) -> None:
        taken = Came(interface="eth0", port_taken=True)
        at = scene(before=moment(sockets=(WILD, FOREIGN)), trials=[taken])
        finding = only(self.CHECK, at)
        assert finding.severity is Severity.ERROR
        assert finding.fix == ("sudo kill 77",)
        assert "recorder (process 77) and a program of user 1000 hold" in finding.says

    def test_a_holder_that_cannot_be_seen_is_told_of(self) -> None:
        taken = Came(interface="eth0", port_taken=True)
        finding = only(self.CHECK, scene(trials=[taken]))
        assert finding.says.startswith("A program holds port 10000")
        assert finding.fix == ()
