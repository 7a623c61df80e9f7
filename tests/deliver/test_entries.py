from groupwire.deliver.entries import Entry, Kind, Manifest

DIRECTORY = Entry("d", Kind.DIRECTORY)
LINK = Entry("l", Kind.LINK, target="d")


def test_only_files_count_and_weigh() -> None:
    manifest = Manifest(1, "d", (DIRECTORY, Entry("d/a", size_bytes=3), LINK))
    assert manifest.files == 1
    assert manifest.total_bytes == 3


def test_nothing_weighs_nothing() -> None:
    assert Manifest(1, "", ()).total_bytes == 0
    assert Manifest(1, "", ()).files == 0


def test_one_file_of_unknown_length_makes_the_total_unknown() -> None:
    entries = Entry("a", size_bytes=3), Entry("stdin", size_bytes=None)
    assert Manifest(1, "", entries).total_bytes is None
    assert Manifest(1, "", entries).files == 2
