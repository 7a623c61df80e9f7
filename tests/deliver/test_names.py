import sys
import unicodedata
from posixpath import join, normpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupwire.deliver import names
from groupwire.deliver.entries import Entry, Kind
from groupwire.deliver.names import MAX_DEPTH, clashes, unsafe, unsafe_target

PARTS = st.sampled_from(["a", "A", "b", "..", ".", "", ".groupwire", "\xe9", "\0"])
PATHS = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
NFC, NFD = (unicodedata.normalize(form, "\xe9") for form in ("NFC", "NFD"))


def files(*paths: str) -> list[Entry]:
    return [Entry(path) for path in paths]


def directory(path: str) -> Entry:
    return Entry(path, Kind.DIRECTORY)


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b/c",
        "...",
        "..a",
        ".hidden",
        " ",
        "-rf",
        "~",
        "*",
        "a\\b",
        "C:",
        "NUL",
        "\xe9",
        "\U0001f468\u200d\U0001f469",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ".groupwire2",
        "x" * 255,
        "/".join(["x"] * MAX_DEPTH),
    ],
)
def test_names_of_people_are_taken(path: str) -> None:
    assert unsafe(path) is None


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty name"),
        ("/", "absolute path"),
        ("/etc/passwd", "absolute path"),
        ("//host/share", "absolute path"),
        ("..", "'..' in the path"),
        ("a/../../b", "'..' in the path"),
        ("a/..", "'..' in the path"),
        (".", "'.' in the path"),
        ("./a", "'.' in the path"),
        ("a//b", "'' in the path"),
        ("a/", "'' in the path"),
        ("a\0b", "control characters, or no UTF-8"),
        ("a\nb", "control characters, or no UTF-8"),
        ("\x1b[2J", "control characters, or no UTF-8"),
        ("\x7f", "control characters, or no UTF-8"),
        ("\x9b", "control characters, or no UTF-8"),
        ("\u2028", "control characters, or no UTF-8"),
        ("\udcff", "control characters, or no UTF-8"),
        ("photo\u202egnp.exe", "control characters, or no UTF-8"),
        ("\u2066a\u2069", "control characters, or no UTF-8"),
        ("a\u200eb/c", "control characters, or no UTF-8"),
        ("a/b\u200f", "control characters, or no UTF-8"),
        ("x" * 256, "a name longer than 255 bytes"),
        ("a/" + "\xe9" * 128, "a name longer than 255 bytes"),
        ("x/" * 2048 + "x", "longer than 4096 bytes"),
        ("\xe9/" * 1500 + "x", "longer than 4096 bytes"),
        ("/".join(["x"] * (MAX_DEPTH + 1)), "more than 100 directories deep"),
        (".groupwire", ".groupwire is groupwire's own"),
        ("a/.groupwire/record", ".groupwire is groupwire's own"),
        (".GroupWire/partial", ".groupwire is groupwire's own"),
        ("a/b/.GROUPWIRE", ".groupwire is groupwire's own"),
        (".group\u200dwire", ".groupwire is groupwire's own"),
        ("a/.groupwir\xade/x", ".groupwire is groupwire's own"),
        ("\ufe0f.GroupWire", ".groupwire is groupwire's own"),
    ],
)
def test_names_that_are_dangerous_are_refused_with_the_reason(
    path: str, why: str
) -> None:
    assert unsafe(path) == why


@given(PATHS | st.text(max_size=9))
def test_what_is_taken_stays_below_where_it_is_put(path: str) -> None:
    if unsafe(path) is None:
        assert normpath(join("/into", path)) == f"/into/{path}"
        assert path.encode().decode() == path


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("l", "a"),
        ("l", "a/b/"),
        ("l", "./a"),
        ("l", "."),
        ("d/l", ".."),
        ("d/l", "../"),
        ("d/l", "../a"),
        ("d/e/l", "../../a/b"),
        ("l", "..a"),
        ("l", "a//b"),
    ],
)
def test_links_within_the_tree_are_taken(path: str, target: str) -> None:
    assert unsafe_target(path, target) is None


@pytest.mark.parametrize(
    ("path", "target", "why"),
    [
        ("l", "", "empty target"),
        ("l", "/etc/passwd", "absolute target"),
        ("l", "/", "absolute target"),
        ("l", "..", "target outside the tree"),
        ("l", "../x", "target outside the tree"),
        ("d/l", "../../x", "target outside the tree"),
        ("d/l", "a/../b", "target outside the tree"),
        ("d/l", "./../../b", "target outside the tree"),
        ("l", "a\nb", "control characters in its target"),
        ("l", "a\u202eb", "control characters in its target"),
        ("l", "\udcff", "control characters in its target"),
        ("l", ".groupwire", "target in .groupwire, which is groupwire's own"),
        ("d/l", "../.GroupWire/a", "target in .groupwire, which is groupwire's own"),
        ("l", "d/.groupwire/", "target in .groupwire, which is groupwire's own"),
        ("l", ".group\u200cwire", "target in .groupwire, which is groupwire's own"),
    ],
)
def test_links_that_may_lead_out_are_refused(path: str, target: str, why: str) -> None:
    assert unsafe_target(path, target) == why


@given(PATHS.filter(lambda path: unsafe(path) is None), PATHS)
def test_a_link_that_is_taken_never_leads_out(path: str, target: str) -> None:
    if unsafe_target(path, target) is None:
        led = normpath(join("/into", path, "..", target))
        assert led == "/into" or led.startswith("/into/")


def test_different_names_do_not_clash() -> None:
    entries = [directory("d"), *files("d/a", "d/b", "e/a"), directory("e")]
    assert clashes(entries) == {}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("readme", "README"),
        (NFC, NFD),
        ("\xe9", "E\u0301"),
        ("stra\xdfe", "STRASSE"),
        ("D/a", "d/b"),
        ("x/D/a", "x/d/a"),
    ],
)
def test_names_that_are_one_on_some_disks_clash(first: str, second: str) -> None:
    found = clashes(files(first, "other", second))
    assert set(found) == {2}
    assert "by case or Unicode form only" in found[2]


def test_the_same_name_twice_clashes() -> None:
    assert clashes(files("a", "a", "a")) == dict.fromkeys((1, 2), "is there twice")
    assert clashes([directory("a"), directory("a")]) == {1: "is there twice"}


@pytest.mark.parametrize(
    "entries",
    [
        [*files("a", "a/b")],
        [*files("a/b", "a")],
        [*files("a/b/c", "a")],
        [directory("a"), Entry("a")],
        [Entry("a"), directory("a")],
        [Entry("l", Kind.LINK, target="d"), Entry("l/x")],
        [Entry("l/x"), Entry("l", Kind.LINK, target="d")],
    ],
)
def test_what_has_something_in_it_is_a_directory_and_nothing_else(
    entries: list[Entry],
) -> None:
    assert set(clashes(entries)) == {1}


def test_what_is_in_a_directory_that_clashes_clashes_too() -> None:
    entries = [directory("D"), directory("d"), *files("d/a", "d/b", "D/a")]
    assert set(clashes(entries)) == {1, 2, 3}


def test_what_is_unsafe_takes_no_part() -> None:
    assert clashes(files("../a", "../a", "a")) == {}


def test_nobody_makes_us_hold_directories_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "_MAX_PLACES", 3)
    found = clashes(files("a/b/c", "d", "a/b/c/d", "a/x/y", "e/f"))
    assert found == {
        1: "too many directories",
        2: "'c' is a directory and something else",
        3: "too many directories",
        4: "too many directories",
    }


def test_every_name_that_python_prints_is_judged() -> None:
    judged = [unsafe(chr(point)) for point in range(0x20, sys.maxunicode, 97)]
    assert {None, "control characters, or no UTF-8"} == set(judged)


def test_no_link_leads_into_what_is_groupwires_own() -> None:
    reason = unsafe_target("a/link", "../.Groupwire/record")
    assert reason == "target in .groupwire, which is groupwire's own"
