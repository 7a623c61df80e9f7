import os
import socket
import stat
from pathlib import Path

import pytest

from groupwire.deliver.entries import Entry, Kind
from groupwire.deliver.names import MAX_DEPTH
from groupwire.deliver.store import walk as module
from groupwire.deliver.store.walk import Left, Tree, walk
from groupwire.errors import UsageError

ROOT = os.geteuid() == 0


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(*paths: str, content: str = "") -> None:
    """Make files, and directories where a path ends with a slash."""
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            Path(path).mkdir(parents=True, exist_ok=True)
        else:
            Path(path).write_text(content)


def names(tree: Tree) -> list[str]:
    return [entry.path for entry in tree.entries]


def refused(*paths: str) -> str:
    with pytest.raises(UsageError) as caught:
        walk(paths)
    return str(caught.value)


def test_a_file_is_called_by_its_own_name(home: Path) -> None:
    make("deep/down/a", content="abc")
    tree = walk(["deep/down/a"])
    assert names(tree) == ["a"]
    assert tree.local == ("deep/down/a",)
    assert names(walk([home / "deep/down/a"])) == ["a"]


def test_facts_are_those_of_the_disk(home: Path) -> None:
    make("d/a", content="abc")
    (home / "d/a").chmod(0o4750)
    (home / "d").chmod(0o2711)
    os.utime("d/a", ns=(5, 1_700_000_000_123_456_789))
    os.utime("d", ns=(5, 7))
    tree = walk(["d"])
    assert tree.entries == (
        Entry("d", Kind.DIRECTORY, 0, 0o711, 7),
        Entry("d/a", Kind.FILE, 3, 0o750, 1_700_000_000_123_456_789),
    )
    assert tree.manifest(9).entries is tree.entries
    assert (tree.manifest(9).delivery, tree.manifest(9).title) == (9, "d")


@pytest.mark.usefixtures("home")
def test_a_directory_comes_with_its_name_and_all_that_is_in_it() -> None:
    make("d/b", "d/a", "d/sub/x", "d/empty/")
    tree = walk(["d"])
    assert names(tree) == ["d", "d/a", "d/b", "d/empty", "d/sub", "d/sub/x"]
    assert tree.local == tuple(names(tree))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("given", ["d/", "d/.", "d//", "d/sub/..", "./d/"])
def test_with_a_slash_it_is_what_is_in_it(given: str) -> None:
    make("d/a", "d/sub/x")
    assert names(walk([given])) == ["a", "sub", "sub/x"]


def test_here_and_above_are_what_is_in_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("d/a", "e")
    monkeypatch.chdir(home / "d")
    assert names(walk(["."])) == ["a"]
    assert names(walk([".."])) == ["d", "d/a", "e"]
    assert walk(["."]).title == "d"
    assert walk([".."]).title == home.name


@pytest.mark.usefixtures("home")
def test_the_title_is_what_people_call_it() -> None:
    make("d/a", "e", "f")
    assert walk(["d/"]).title == walk(["d"]).title == "d"
    assert walk(["d", "e", "f"]).title == "d and 2 more"
    assert walk(["-"], stdin_name="dump.sql").title == "dump.sql"


@pytest.mark.usefixtures("home")
def test_several_paths_come_side_by_side_whatever_their_order() -> None:
    make("d/a", "e", "f/x")
    assert names(walk(["f/", "e", "d"])) == ["d", "d/a", "e", "x"]


@pytest.mark.usefixtures("home")
def test_two_directories_of_one_name_become_one() -> None:
    make("a/s/x", "b/s/y")
    assert names(walk(["a/", "b/"])) == ["s", "s/x", "s/y"]


@pytest.mark.usefixtures("home")
def test_the_same_file_named_twice_comes_once() -> None:
    make("a", "d/b")
    assert names(walk(["a", "./a", "d", "d"])) == ["a", "d", "d/b"]


@pytest.mark.usefixtures("home")
def test_two_files_of_one_name_are_refused_and_both_named() -> None:
    make("a/x", "b/x", "c/x/")
    assert "a/x and b/x are both to be 'x'" in refused("a/x", "b/x")
    assert "c/x and a/x are both to be 'x'" in refused("c/", "a/x")


@pytest.mark.usefixtures("home")
def test_what_is_not_there_is_refused_with_what_to_do() -> None:
    make("a")
    Path("nowhere").symlink_to("gone")
    assert "there is no 'b'; name what is there" in refused("a", "b")
    assert "there is no 'a/'" in refused("a/")
    assert "there is no ''" in refused("")
    assert "there is no" in refused("a\0b")
    assert "'nowhere' is a link that leads nowhere" in refused("nowhere")


@pytest.mark.usefixtures("home")
def test_nothing_at_all_is_refused() -> None:
    make("d/")
    os.mkfifo("fifo")
    assert "nothing to push" in refused()
    assert "nothing to push" in refused("d/")
    assert "nothing to push: 'fifo': a named pipe" in refused("fifo")


def test_standard_input_has_no_length() -> None:
    tree = walk(["-"])
    assert tree.entries == (Entry("stdin", size_bytes=None),)
    assert tree.local == (None,)
    assert tree.manifest(1).total_bytes is None
    assert names(walk(["-"], stdin_name="dump.sql")) == ["dump.sql"]


@pytest.mark.usefixtures("home")
def test_standard_input_needs_a_name_of_its_own() -> None:
    make("stdin")
    assert "- and stdin are both to be 'stdin'" in refused("-", "stdin")
    with pytest.raises(UsageError, match="no name for a file: absolute path"):
        walk(["-"], stdin_name="/etc/passwd")


@pytest.mark.usefixtures("home")
def test_links_are_skipped_and_not_followed() -> None:
    make("d/a", "e/b")
    Path("d/file").symlink_to("a")
    Path("d/directory").symlink_to("../e")
    tree = walk(["d"])
    assert names(tree) == ["d", "d/a"]
    assert set(tree.skipped) == {
        Left("d/file", "a symbolic link"),
        Left("d/directory", "a symbolic link"),
    }
    assert not tree.problems


@pytest.mark.usefixtures("home")
def test_a_link_that_is_named_is_followed() -> None:
    make("d/a", "file", content="abc")
    Path("to-file").symlink_to("file")
    Path("to-d").symlink_to("d")
    tree = walk(["to-file", "to-d"])
    assert names(tree) == ["to-d", "to-d/a", "to-file"]
    assert tree.entries[0].kind is Kind.DIRECTORY
    assert tree.entries[2].size_bytes == 3


@pytest.mark.usefixtures("home")
def test_links_are_delivered_where_that_is_wanted_and_they_stay_inside() -> None:
    make("d/sub/a")
    Path("d/up").symlink_to("..")
    Path("d/out").symlink_to("../../x")
    Path("d/absolute").symlink_to("/etc/passwd")
    Path("d/sub/near").symlink_to("../sub/a")
    Path("d/dangling").symlink_to("gone")
    tree = walk(["d/"], links=True)
    found = {e.path: e.target for e in tree.entries if e.kind is Kind.LINK}
    assert found == {"sub/near": "../sub/a", "dangling": "gone"}
    assert {left.path: left.reason for left in tree.skipped} == {
        "d/up": "a symbolic link with target outside the tree",
        "d/out": "a symbolic link with target outside the tree",
        "d/absolute": "a symbolic link with absolute target",
    }


@pytest.mark.usefixtures("home")
def test_what_is_no_file_is_skipped() -> None:
    make("d/a")
    os.mkfifo("d/fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("d/sock")
        tree = walk(["d", "/dev/null"])
    assert names(tree) == ["d", "d/a"]
    assert set(tree.skipped) == {
        Left("d/fifo", "a named pipe"),
        Left("d/sock", "a socket"),
        Left("/dev/null", "a device"),
    }


@pytest.mark.usefixtures("home")
def test_what_groupwire_keeps_for_itself_is_skipped_wherever_it_is() -> None:
    make("d/a", "d/.groupwire/partial")
    assert names(walk(["d"])) == ["d", "d/a"]
    assert walk(["d/"]).skipped == (Left("d/.groupwire", "groupwire's own"),)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("*.o", "d d/a.c d/build d/build/log d/src d/src/build"),
        ("build", "d d/a.c d/b.o d/src"),
        ("build/", "d d/a.c d/b.o d/src d/src/build"),
        ("d/build", "d d/a.c d/b.o d/src d/src/build"),
        ("/d/build/", "d d/a.c d/b.o d/src d/src/build"),
        ("d/*.o", "d d/a.c d/build d/build/log d/src d/src/build"),
        ("[ab].?", "d d/build d/build/log d/build/x.o d/src d/src/build"),
        ("/", "d d/a.c d/b.o d/build d/build/log d/build/x.o d/src d/src/build"),
    ],
)
def test_what_a_pattern_is_for_is_left_out(pattern: str, left: str) -> None:
    make("d/a.c", "d/b.o", "d/build/x.o", "d/build/log", "d/src/build")
    tree = walk(["d"], exclude=[pattern])
    assert names(tree) == left.split()
    assert not tree.skipped


@pytest.mark.usefixtures("home")
def test_patterns_are_for_links_and_pipes_and_what_is_named_too() -> None:
    make("d/a")
    Path("d/link").symlink_to("a")
    os.mkfifo("d/fifo")
    tree = walk(["d", "d/a"], exclude=["link", "fifo", "d"])
    assert names(tree) == ["a"]
    assert not walk(["d"], exclude=["link", "fifo"]).skipped


@pytest.mark.usefixtures("home")
def test_names_that_members_would_refuse_are_told() -> None:
    make("d/a", "d/new\nline", "d/Readme", "d/README")
    with open(b"d/latin-\xe9", "wb"):
        pass
    tree = walk(["d"])
    assert names(tree) == ["d", "d/README", "d/a"]
    assert set(tree.problems) == {
        Left("d/latin-\\xe9", "control characters, or no UTF-8"),
        Left("d/new\nline", "control characters, or no UTF-8"),
        Left("d/Readme", "differs from 'README' by case or Unicode form only"),
    }


@pytest.mark.usefixtures("home")
def test_paths_that_do_not_fit_a_segment_are_told() -> None:
    part = "x" * 250
    long = "/".join([part] * 5)
    make(f"{long}/short", f"{long}/{part}")
    tree = walk([f"./{part}"])
    assert names(tree)[-1] == f"{long}/short"
    assert tree.problems == (Left(f"./{long}/{part}", "a path longer than 1300 bytes"),)


@pytest.mark.usefixtures("home")
def test_what_is_too_deep_is_told_once() -> None:
    make("/".join("d" * (MAX_DEPTH + 5)) + "/")
    tree = walk(["d"])
    assert len(tree.entries) == MAX_DEPTH
    assert [left.reason for left in tree.problems] == ["more than 100 directories deep"]


@pytest.mark.skipif(ROOT, reason="root may read everything")
@pytest.mark.usefixtures("home")
def test_what_may_not_be_read_is_told() -> None:
    make("d/a", "d/secret", "d/closed/x")
    Path("d/secret").chmod(0)
    Path("d/closed").chmod(0)
    tree = walk(["d"])
    Path("d/closed").chmod(stat.S_IRWXU)
    assert names(tree) == ["d", "d/a", "d/closed"]
    assert set(tree.problems) == {
        Left("d/secret", "permission denied"),
        Left("d/closed", "permission denied"),
    }


@pytest.mark.usefixtures("home")
def test_a_disk_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    make("d/a", "d/b", "d/sub/x")
    Path("d/link").symlink_to("a")
    real_scandir, real_access = os.scandir, os.access

    def scandir(path: str) -> object:
        if path.endswith("sub"):
            raise OSError(5, "Input/output error")
        return real_scandir(path)

    def readlink(_: str) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    def access(path: str, how: int) -> bool:
        return not path.endswith("b") and real_access(path, how)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os, "readlink", readlink)
    monkeypatch.setattr(os, "access", access)
    tree = walk(["d"], links=True)
    assert names(tree) == ["d", "d/a", "d/sub"]
    assert set(tree.problems) == {
        Left("d/sub", "input/output error"),
        Left("d/link", "no such file or directory"),
        Left("d/b", "permission denied"),
    }


@pytest.mark.usefixtures("home")
def test_what_vanishes_while_it_is_listed_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("d/a", "d/b")
    real = os.scandir

    class Listing:
        def __init__(self, path: str) -> None:
            with real(path) as items:
                self._items = sorted(items, key=lambda item: item.name)
            os.unlink("d/b")

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self._items

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Listing)
    tree = walk(["d"])
    assert names(tree) == ["d", "d/a"]
    assert tree.problems == (Left("d/b", "no such file or directory"),)


@pytest.mark.usefixtures("home")
def test_a_path_that_cannot_be_looked_at_is_a_problem_beside_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("a", "b")
    real = os.stat

    def refuse(path: str) -> os.stat_result:
        if path == "b":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "stat", refuse)
    assert walk(["a", "b"]).problems == (Left("b", "permission denied"),)
    assert "nothing to push: 'b': permission denied" in refused("b")


@pytest.mark.usefixtures("home")
def test_more_entries_than_a_manifest_takes_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 2)
    make("d/a", "d/b")
    assert "3 entries are too many" in refused("d")
