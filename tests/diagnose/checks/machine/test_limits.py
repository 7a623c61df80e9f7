import errno
from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.diagnose.checks.moments import SETTINGS, codes, moment, only, question, scene

from groupwire.diagnose.checks.machine.limits import Limits
from groupwire.diagnose.evidence.surroundings import Filtered, Surroundings
from groupwire.diagnose.finding import Severity
from groupwire.diagnose.trials.came import Came
from groupwire.diagnose.trials.seen import LoopbackSeen

CHECK = Limits()
SSM = "10.0.0.7@232.1.1.1:5000"


def _machine(**limits: int | None) -> Surroundings:
    return moment(settings=replace(SETTINGS, **limits))


def _sources(count: int) -> tuple[Filtered, ...]:
    group = ip_address("232.1.1.1")
    return tuple(
        Filtered(2, group, ip_address(f"10.0.0.{n + 1}"), wanted=True)
        for n in range(count)
    )


def test_the_usual_limits_are_fine() -> None:
    assert codes(CHECK.look(scene())) == []
    six = CHECK.look(scene(question("[ff15::4242]:1000")))
    assert (codes(six), six.at) == ([], ("mld_max_msf (/proc/sys/net/ipv6)",))
    assert (
        codes(CHECK.look(scene(before=_machine(memberships=None, sources=None)))) == []
    )


@pytest.mark.parametrize(
    ("limit", "severity"), [(0, Severity.ERROR), (5, Severity.WARNING)]
)
def test_a_low_limit_of_groups(limit: int, severity: Severity) -> None:
    finding = only(CHECK, scene(before=_machine(memberships=limit)))
    assert (finding.code, finding.severity) == ("membership-limit", severity)
    assert finding.fix == ("sudo sysctl -w net.ipv4.igmp_max_memberships=100",)


@pytest.mark.parametrize(
    "trial",
    [
        LoopbackSeen(interface="eth0", join_error=errno.ENOBUFS),
        Came(interface="eth0", join_error=errno.ENOBUFS),
    ],
)
def test_a_join_that_was_refused_is_an_error(trial: object) -> None:
    finding = only(CHECK, scene(trials=[trial]))
    assert finding.severity is Severity.ERROR
    assert "ENOBUFS" in finding.evidence[1]


def test_another_refusal_is_for_others_to_judge() -> None:
    trial = Came(interface="eth0", join_error=errno.ENODEV)
    assert codes(CHECK.look(scene(trials=[trial]))) == []


def test_a_low_limit_of_sources() -> None:
    none = _machine(sources=0)
    assert only(CHECK, scene(before=none)).severity is Severity.WARNING
    finding = only(CHECK, scene(question(SSM), none))
    assert (finding.code, finding.severity) == ("source-limit", Severity.ERROR)
    assert finding.fix == ("sudo sysctl -w net.ipv4.igmp_max_msf=100",)
    six = only(CHECK, scene(question("[ff15::4242]:1000"), _machine(sources6=1)))
    assert six.fix == ("sudo sysctl -w net.ipv6.mld_max_msf=100",)


def test_a_limit_that_is_used_up_is_a_warning() -> None:
    machine = replace(_machine(), filtered=_sources(10))
    finding = only(CHECK, scene(question(SSM), machine))
    assert finding.severity is Severity.WARNING
    assert "10 senders of 232.1.1.1 are named here" in finding.evidence[1]
    assert codes(CHECK.look(scene(before=machine))) == []


def test_settings_that_cannot_be_read_are_told() -> None:
    assert CHECK.look(scene()).missed == ()
    hidden = _machine(memberships=None, sources=None, rp_filter=None)
    (line,) = CHECK.look(scene(before=hidden)).missed
    assert "/proc/sys/net cannot be read" in line
