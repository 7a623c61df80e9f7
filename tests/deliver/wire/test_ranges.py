import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.deliver.limits import MAX_ENTRIES
from groupwire.deliver.wire.ranges import parse_ranges, ranges_of, ranges_text
from groupwire.errors import DecodeError

ENTRIES = st.sets(st.integers(0, 40) | st.integers(0, MAX_ENTRIES - 1))


@given(ENTRIES)
def test_what_is_written_reads_as_the_same_entries(entries: set[int]) -> None:
    ranges = ranges_of(entries)
    assert parse_ranges(ranges_text(ranges)) == ranges
    assert [entry for r in ranges for entry in r] == sorted(entries)


def test_neighbours_become_one_range() -> None:
    assert ranges_of([7, 0, 2, 1, 3, 2]) == (range(4), range(7, 8))
    assert ranges_text((range(4), range(7, 8))) == "0-3,7"


def test_nothing_and_everything_have_words_of_their_own() -> None:
    assert ranges_text(()) == ranges_text((range(3, 3),)) == ""
    assert ranges_text(None) == "all"
    assert parse_ranges("") == ()
    assert parse_ranges("all") is None


@pytest.mark.parametrize(
    "text",
    [
        "x",
        ",",
        "1,",
        "-1",
        "1-",
        "3-1",
        "1-2-3",
        "4,2",
        "1-3,3",
        "1,2",
        " 1",
        "+1",
        "\u0661",
        "12345678",
        str(MAX_ENTRIES),
        f"0-{MAX_ENTRIES}",
    ],
)
def test_what_is_no_list_of_ascending_ranges_is_junk(text: str) -> None:
    with pytest.raises(DecodeError, match="deliver-ranges"):
        parse_ranges(text)
