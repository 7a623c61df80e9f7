"""``pull`` takes what the reference implementation sends, which knows NORM only."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.interop.deliveries import (
    contents,
    digest,
    digests,
    pull,
    push,
    settled,
    stored,
)
from tests.interop.norm import LIBNORM, NEEDS_LIBNORM, sender
from tests.lab.harness import Host, Laboratory, Process
from tests.lab.harness.commands import told

pytestmark = NEEDS_LIBNORM

_SIZE = 60_000


def _send(host: Host, *names: str, options: tuple[object, ...] = ()) -> Process:
    """Start a sender of files by these names."""
    named = [f"--name={name}" for name in names]
    how = ("--size", _SIZE, "--count", len(names), "--hold", 1, *named)
    return sender(host, LIBNORM, "--files", *how, *options)


@pytest.mark.parametrize("lose", [0, 5])
def test_files_of_libnorm_are_stored_under_their_names(
    lab: Laboratory, tmp_path: Path, lose: int
) -> None:
    a, b = lab.segment(2)
    files = contents(_SIZE, "a.txt", "deep/er/b.txt", "with space")
    pulling = pull(b, tmp_path, "--lose", lose)
    sending = _send(a, *files)
    pulled = told(pulling, within=20)
    assert pulled.code == 0, pulled
    assert stored(tmp_path) == files
    assert settled(pulled) == {n: ("stored", d) for n, d in digests(files).items()}
    (delivery,) = pulled.all("delivery")
    assert delivery["sender"].startswith(f"{a.v4}:")
    (delivered,) = pulled.all("delivered")
    assert (delivered["stored"], delivered["signed"]) == (3, False)
    assert told(sending).code == 0


def test_names_that_lead_out_of_the_directory_are_refused(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    bad = ("../out", str(tmp_path / "absolute"), "a/../../out", ".groupwire/record")
    files = contents(_SIZE, *bad, "good")
    into = tmp_path / "into"
    pulling = pull(b, into)
    _send(a, *files)
    pulled = told(pulling, within=20)
    assert pulled.code == 1
    found = {name: reason for name, (reason, _) in settled(pulled).items()}
    assert found == {**dict.fromkeys(bad, "unsafe-name"), "good": "stored"}
    assert stored(tmp_path) == {"into/good": files["good"]}


def test_data_objects_without_info_are_named_by_their_number(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    pulling = pull(b, tmp_path, "--lose", 5)
    how = ("--size", _SIZE, "--count", 3, "--hold", 1)
    sender(a, LIBNORM, *how)
    pulled = told(pulling, within=20)
    assert pulled.code == 0, pulled
    names = [f"object-{number}" for number in range(3)]
    assert stored(tmp_path) == contents(_SIZE, *names)


def test_a_pull_acknowledges_what_it_has_stored_to_whom_it_has_spoken(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    files = contents(_SIZE, "a.txt", "b.txt")
    pulling = pull(b, tmp_path)
    sending = _send(a, *files, options=("--cc-fixed", "--find", "--rate", 1e6))
    sent, pulled = told(sending, within=20), told(pulling)
    assert (sent.code, pulled.code) == (0, 0), (sent, pulled)
    (found,) = {line["node"] for line in sent.all("found")}
    assert {line["node"]: line["status"] for line in sent.all("ack")} == {
        found: "SUCCESS"
    }


def test_a_pull_serves_libnorm_and_a_push_at_once(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, c = lab.segment(3)
    files = contents(_SIZE, "a.txt", "b.txt")
    ours = tmp_path / "ours"
    ours.write_bytes(bytes(300_000))
    pulling = pull(c, tmp_path / "into", "--count", 2)
    sending = _send(a, *files, options=("--rate", 2e6))
    pulling.line('"delivery"')
    pushed = told(push(b, ours, "--expect", c.name, "--rate", "4M"), within=20)
    pulled = told(pulling, within=20)
    assert (pushed.code, pulled.code) == (0, 0), (pushed, pulled)
    assert stored(tmp_path / "into") == {**files, "ours": ours.read_bytes()}
    (receipt,) = pushed.all("receipt")
    assert receipt["sha256"] == digest(ours.read_bytes())
    assert {line["signed"] for line in pulled.all("delivered")} == {True, False}
    assert told(sending).code == 0
