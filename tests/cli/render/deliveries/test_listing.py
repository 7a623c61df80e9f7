"""What would be sent."""

from __future__ import annotations

import pytest
from tests.cli.running import told

from groupwire.cli.render.deliveries.listing import show_left, show_listing
from groupwire.cli.render.out import Out, Tone
from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.store.walk import Left, Tree

Capture = pytest.CaptureFixture[str]

MANIFEST = Manifest(
    1,
    "tree",
    (
        Entry("tree", Kind.DIRECTORY, mode=0o755),
        Entry("tree/a\n", size_bytes=1_234_567),
        Entry("tree/b", Kind.LINK, target="a"),
    ),
)
TREE = Tree("tree", (), (), (Left("a", "not readable"),), (Left("b", "a device"),))


def test_entries_are_listed_with_sizes(capsys: Capture) -> None:
    show_listing(Out(Tone()), MANIFEST)
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "           tree/",
        r"1,234,567  tree/a\n",
        "           tree/b -> a",
    ]
    assert err == "1 file, 1 directory, 1 link, 1.23 MB; nothing was sent\n"


def test_a_stream_has_no_size(capsys: Capture) -> None:
    entries = (
        Entry("a", Kind.DIRECTORY),
        Entry("b", Kind.DIRECTORY),
        Entry("stdin", size_bytes=None),
    )
    show_listing(Out(Tone()), Manifest(1, "stdin", entries))
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "?  stdin"
    assert err == "1 file, 2 directories, of unknown length; nothing was sent\n"


def test_programs_get_an_object_for_each_entry(capsys: Capture) -> None:
    show_listing(Out(Tone(json=True)), MANIFEST)
    *entries, end = told(capsys.readouterr().out)
    assert [entry["kind"] for entry in entries] == ["directory", "file", "link"]
    assert entries[0]["mode"] == "0755"
    assert (entries[1]["bytes"], entries[2]["target"]) == (1_234_567, "a")
    assert (end["files"], end["directories"], end["links"]) == (1, 1, 1)
    assert end["bytes"] == 1_234_567


def test_what_cannot_be_delivered_is_told(capsys: Capture) -> None:
    show_left(Out(Tone()), TREE)
    assert capsys.readouterr().err.splitlines() == [
        "not delivered: a: not readable",
        "1 left out (links, devices); -v lists them",
    ]
    show_left(Out(Tone(verbose=True)), TREE)
    assert "  left out: b: a device" in capsys.readouterr().err


def test_programs_are_told_what_is_left_out(capsys: Capture) -> None:
    show_left(Out(Tone(json=True)), TREE)
    problem, skipped = told(capsys.readouterr().out)
    assert (problem["event"], problem["path"]) == ("problem", "a")
    assert (skipped["event"], skipped["reason"]) == ("skipped", "a device")
