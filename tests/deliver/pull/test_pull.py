from hashlib import sha256

from groupwire.deliver.digest import receipt_digest
from groupwire.deliver.pull import Confirming, Joined
from groupwire.deliver.seals import Seal
from groupwire.deliver.words import CallPhase, MemberPhase
from tests.deliver.fakes import manifest_of
from tests.deliver.pull.script import Play

FILES = {"a.txt": b"alpha" * 100, "d/": b"", "d/b.bin": b"beta" * 400, "empty": b""}


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


def rows(files: dict[str, bytes]) -> bytes:
    return receipt_digest(
        [(p, digest(d)) for p, d in files.items() if not p.endswith("/")]
    )


def test_a_whole_delivery_with_digests_in_the_manifest() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.call(CallPhase.GATHER)
    assert [s.phase for s in play.script.states()] == [MemberPhase.HERE]
    play.manifest()
    play.call(CallPhase.OFFER)
    state = play.script.states()[-1]
    assert (state.phase, state.wants) == (
        MemberPhase.TAKING,
        (range(0, 1), range(2, 3)),
    )
    play.file("a.txt", FILES["a.txt"])
    play.file("d/b.bin", FILES["d/b.bin"])
    play.call(CallPhase.SEND, 0.5)
    (receipt,) = play.script.receipts()
    assert (receipt.files, receipt.unchanged, receipt.failed) == (3, 0, ())
    assert receipt.sha256 == rows(FILES)
    report = play.ear.report
    assert report.complete
    assert report.signed
    assert (report.stored, report.sender, report.title) == (3, "src", "things")
    assert play.ear.disk.disk == {p: d for p, d in FILES.items() if p[-1] != "/"}
    assert play.ear.saw(Joined)[0].files == 3
    assert play.ear.pull.finished
    assert not play.ear.saw(Confirming)
    assert not play.ear.disk.abandoned
    assert play.script.joins() == 0


def test_a_delivery_whose_digests_come_in_seals() -> None:
    play = Play(manifest_of(FILES))
    play.call(CallPhase.GATHER)
    play.manifest()
    first = play.file("a.txt", FILES["a.txt"])
    second = play.file("d/b.bin", FILES["d/b.bin"])
    play.call(CallPhase.SEND, 0.3)
    assert not play.ear.reports
    play.seal(
        Seal(0, first, digest(FILES["a.txt"]), 500),
        Seal(2, second, digest(FILES["d/b.bin"]), 1600),
    )
    play.run(0.5)
    assert play.ear.report.complete
    assert play.ear.report.signed


def test_who_comes_late_asks_with_join_and_gets_all() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.manifest()
    play.file("a.txt", FILES["a.txt"])
    play.file("d/b.bin", FILES["d/b.bin"])
    play.run(1.0)
    assert play.script.joins() == 1
    assert play.ear.report.signed
    assert play.ear.report.complete
