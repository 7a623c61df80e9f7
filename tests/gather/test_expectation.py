from ipaddress import ip_address

import pytest

from groupwire.errors import UsageError
from groupwire.gather import Expectation, Expected

CAM1 = Expectation(("cam1",))
SEVEN = ip_address("10.0.0.7")


@pytest.mark.parametrize(
    ("text", "expectation"),
    [
        ("3", Expectation(count=3)),
        (" 3 ", Expectation(count=3)),
        ("cam1", CAM1),
        ("cam1,cam2", Expectation(("cam1", "cam2"))),
        ("cam1, cam2,,", Expectation(("cam1", "cam2"))),
        ("b,a,b", Expectation(("b", "a"))),
        ("10.0.0.7", Expectation((), (SEVEN,))),
        ("10.0.0.7,cam1", Expectation(("cam1",), (SEVEN,))),
        ("[fe80::7%eth0]", Expectation((), (ip_address("fe80::7"),))),
        ("fe80::7%eth0,fe80::7%eth1", Expectation((), (ip_address("fe80::7"),))),
        ("1.2", Expectation(("1.2",))),
    ],
)
def test_text_reads_as_on_the_command_line(text: str, expectation: Expectation) -> None:
    assert Expectation.parse(text) == expectation
    assert Expectation.of(text) == expectation


@pytest.mark.parametrize(
    ("expected", "expectation"),
    [
        (None, Expectation()),
        (CAM1, CAM1),
        (2, Expectation(count=2)),
        (["cam1", SEVEN], Expectation(("cam1",), (SEVEN,))),
        (iter(["cam1"]), CAM1),
        ({"cam1"}, CAM1),
    ],
)
def test_programs_say_it_as_they_like(
    expected: Expected, expectation: Expectation
) -> None:
    assert Expectation.of(expected) == expectation


@pytest.mark.parametrize(
    "expected",
    ["", ",", "0", "cam 1", "cam1,2", "10.0.0.7:5000", 0, -1, [], ["\x1b"], [7]],
)
def test_what_cannot_be_expected_is_refused_with_what_would_do(
    expected: Expected,
) -> None:
    with pytest.raises(UsageError) as caught:
        Expectation.of(expected)
    assert caught.value.fix


@pytest.mark.parametrize("more", [{"names": ("a",)}, {"addresses": (SEVEN,)}])
def test_a_number_and_members_cannot_both_be_expected(more: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="cannot both"):
        Expectation(count=1, **more)  # type: ignore[arg-type]


def test_a_negative_number_cannot_be_expected() -> None:
    with pytest.raises(UsageError):
        Expectation(count=-1)


def test_it_is_true_when_somebody_is_expected() -> None:
    assert not Expectation()
    assert Expectation(count=1)
    assert Expectation.parse("a,10.0.0.7").size == 2
