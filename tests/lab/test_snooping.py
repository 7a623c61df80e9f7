"""Behind a switch that learns who has joined, as most managed switches do."""

import pytest
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import receive_on, send
from tests.lab.harness.sockets import saw, wire

_GROUPS = ["239.255.42.99:10000", "[ff15::4242]:10000"]


@pytest.mark.parametrize("group", _GROUPS)
def test_members_hear_a_group_and_others_do_not(lab: Laboratory, group: str) -> None:
    a, b, c, bystander = lab.segment(4, snoop=True, querier=True, flood_unknown=False)
    ip = group.rpartition(":")[0].strip("[]")
    receive_on([b, c], "-g", group)
    lab.switch_of(a).wait_for(ip, b, c)
    with wire(bystander) as cable:
        assert send(a, "hello", "-g", group).end["answers"] == 2
        assert not saw(cable, b"hello")


def test_a_member_that_has_ended_is_forgotten_by_the_switch(lab: Laboratory) -> None:
    a, b = lab.segment(2, snoop=True, querier=True, flood_unknown=False)
    receive_on([b], "--count", "1")
    lab.switch_of(a).wait_for("239.255.42.99", b)
    assert send(a, "hello").end["answers"] == 1
    lab.switch_of(a).wait_for("239.255.42.99")
