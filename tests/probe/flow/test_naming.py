import pytest

from groupwire.errors import AddressError, UsageError
from groupwire.probe.flow.naming import MAX_GROUPS, groups_of
from groupwire.values import Group


def texts(*words: str) -> list[str]:
    return [str(group) for group in groups_of(words)]


def test_groups_in_a_row_are_counted_from_the_first() -> None:
    wanted = ["239.1.1.254:5000", "239.1.1.255:5000", "239.1.2.0:5000"]
    assert texts("239.1.1.254:5000+3") == wanted
    assert texts("239.1.1.254+3:5000") == wanted


def test_ipv6_groups_in_a_row_keep_their_interface() -> None:
    assert texts("[ff12::ffff%eth0]:5000+2") == [
        "[ff12::ffff%eth0]:5000",
        "[ff12::1:0%eth0]:5000",
    ]


def test_sources_stay() -> None:
    assert texts("10.0.0.1@232.1.1.1:5+2") == [
        "10.0.0.1@232.1.1.1:5",
        "10.0.0.1@232.1.1.2:5",
    ]


def test_each_group_is_named_once() -> None:
    group = Group.parse("239.1.1.1:5000")
    assert groups_of([group, "239.1.1.1:5000", "239.1.1.1:5000+1"]) == (group,)


@pytest.mark.parametrize("many", ["0", "1025", "999999999"])
def test_a_number_out_of_range_is_refused(many: str) -> None:
    with pytest.raises(AddressError, match="no number of groups"):
        groups_of([f"239.1.1.1:5000+{many}"])


def test_a_row_that_leaves_the_range_of_groups_is_refused() -> None:
    with pytest.raises(AddressError):
        groups_of(["239.255.255.255:5000+2"])


def test_too_many_groups_are_refused() -> None:
    assert len(groups_of(["239.1.0.0:5000+1024"])) == MAX_GROUPS
    with pytest.raises(UsageError, match="more than 1,024"):
        groups_of(["239.1.0.0:5000+1024", "239.2.0.0:5000"])


@pytest.mark.parametrize("text", ["239.255.255.250:5000+10", "[ff0e:%s]:5000+2"])
def test_a_row_that_leaves_the_groups_is_told_as_it_was_written(text: str) -> None:
    text = text.replace("%s", ":".join(["ffff"] * 7))
    with pytest.raises(AddressError, match="are not all groups") as caught:
        groups_of([text])
    assert text in str(caught.value)
