import pytest

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.pull.files import naming
from groupwire.deliver.pull.files.naming import Naming, is_before
from groupwire.deliver.wire.seals import Seal

MANIFEST = Manifest(
    1,
    "t",
    (
        Entry("d", Kind.DIRECTORY),
        Entry("d/a", size_bytes=3, sha256=b"m" * 32),
        Entry("-", size_bytes=None),
        Entry("d/a", size_bytes=4),
    ),
)


def test_info_tells_the_entry() -> None:
    names = Naming(MANIFEST)
    assert names.target(b"d/a") == (1, None)
    assert names.target(b"gw-part 2 7") == (2, 7)


def test_what_is_in_no_manifest_has_no_entry() -> None:
    names = Naming(MANIFEST)
    for info in (
        None,
        b"",
        b"d",
        b"-",
        b"other",
        b"\xff",
        b"gw-part 1 0",
        b"gw-part 9 0",
    ):
        assert names.target(info) is None


def test_objects_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "_MORE_OBJECTS", 2)
    names = Naming(MANIFEST)
    for number in range(20):
        names.note(number, (1, None))
    assert names.of(19) == (1, None)
    assert names.of(9) is None


def test_the_latest_seal_of_an_entry_counts() -> None:
    names = Naming(MANIFEST)
    assert names.digest(1, 5) == b"m" * 32
    assert names.seal(Seal(1, 5, None, 0), order=6)
    assert names.digest(1, 5) is None
    assert names.seal(Seal(1, 7, b"n" * 32, 3), order=8)
    assert not names.seal(Seal(1, 5, None, 0), order=6)
    assert names.digest(1, 7) == b"n" * 32
    assert names.digest(1, 7 + 65_536) == b"n" * 32
    # What was begun before is the same, or will not agree.
    assert names.digest(1, 5) == b"n" * 32
    assert names.digest(1, 9) is None


def test_what_came_before_is_told_by_numbers_that_wrap() -> None:
    assert is_before(5, 6)
    assert not is_before(6, 6)
    assert not is_before(7, 6)
    assert is_before(65_530, 3)
    assert not is_before(3, 65_530)
