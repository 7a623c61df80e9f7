from hashlib import sha256
from ipaddress import ip_network

import pytest
from tests.deliver.fakes import manifest_of
from tests.deliver.pull.script import Play, Script

from groupwire.deliver.digest import receipt_digest
from groupwire.deliver.pull import Confirming, Joined, SenderGone
from groupwire.deliver.wire.seals import Seal, part_info
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import Bye, Call, CallPhase, MemberPhase
from groupwire.gather import Kind, Tagged
from groupwire.values import Origin

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
        (range(1), range(2, 4)),
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
    assert play.ear.disk.abandoned == [1]  # with nothing left of it
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


def test_what_is_there_already_is_not_wanted() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.ear.disk.disk.update({"a.txt": FILES["a.txt"], "empty": b"", "other": b"x"})
    play.call(CallPhase.GATHER)
    assert play.script.states()[0].holds
    play.manifest()
    play.call(CallPhase.OFFER)
    assert play.script.states()[-1].wants == (range(2, 3),)
    play.file("d/b.bin", FILES["d/b.bin"])
    play.run(0.5)
    (receipt,) = play.script.receipts()
    assert (receipt.files, receipt.unchanged) == (3, 2)
    assert receipt.sha256 == rows(FILES)
    assert play.ear.settled()["a.txt"] == ("unchanged", "")
    assert (play.ear.report.unchanged, play.ear.report.stored) == (2, 1)


def test_objects_of_what_is_here_are_acknowledged_though_nothing_is_taken() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.ear.disk.disk.update({p: d for p, d in FILES.items() if p != "d/b.bin"})
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(0.1)
    play.file("a.txt", FILES["a.txt"])
    acknowledged: list[object] = []
    play.sender.on_event = acknowledged.append
    play.sender.do(lambda core, now: core.norm.watermark([100], now=now))
    play.run(0.5)
    assert "NodeAcknowledged" in {type(e).__name__ for e in acknowledged}


def test_a_slow_disk_is_told_of_as_examining() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.ear.disk_s = 2.0
    play.call(CallPhase.GATHER)
    play.manifest()
    play.call(CallPhase.OFFER, 0.5)
    play.call(CallPhase.OFFER, 0.2)
    assert len(play.script.states()) == 1
    play.run(0.2)
    assert play.script.states()[-1].phase is MemberPhase.EXAMINING
    play.call(CallPhase.SEND)
    assert play.script.states()[-1].phase is MemberPhase.EXAMINING
    play.run(1.5)
    play.call(CallPhase.OFFER)
    assert play.script.states()[-1].phase is MemberPhase.TAKING


def test_progress_is_told_when_called_and_done_at_the_end() -> None:
    play = Play(manifest_of(FILES, digests=True), count=None)
    play.script.signs = None
    play.call(CallPhase.GATHER)
    play.manifest()
    play.file("a.txt", FILES["a.txt"])
    play.run(0.2)
    play.call()
    state = play.script.states()[-1]
    assert (state.phase, state.bytes_have) == (MemberPhase.TAKING, 500)
    progress = play.ear.pull.progress(now=play.lab.clock.now)
    assert (progress.bytes_have, progress.total_bytes) == (500, 2100)
    assert (progress.files_settled, progress.files) == (1, 3)
    assert progress.senders == ("src",)
    play.file("d/b.bin", FILES["d/b.bin"])
    play.run(0.3)
    play.call()
    assert play.script.states()[-1].phase is MemberPhase.DONE
    play.run(1.0)
    assert play.ear.saw(Confirming)[0].seconds == 10.0
    play.run(10.0)
    assert play.ear.report.complete
    assert not play.ear.report.signed
    assert 8 <= len(play.script.receipts()) <= 20
    play.call()
    assert play.script.states()[-1].phase is MemberPhase.DONE


def test_before_the_manifest_nothing_is_taken_and_afterwards_asked_for() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.call(CallPhase.GATHER)
    play.file("a.txt", FILES["a.txt"])
    play.file("d/b.bin", FILES["d/b.bin"])
    play.run(0.5)
    assert not play.ear.disk.calls
    play.call()
    assert play.script.states()[-1].phase is MemberPhase.EXAMINING
    play.manifest()
    play.run(0.5)
    assert play.ear.report.complete


def test_a_mismatch_is_asked_for_again_and_in_the_end_failed() -> None:
    files = {"a": b"alpha" * 100, "b": b"beta" * 100}
    play = Play(manifest_of(files, digests=True))
    play.ear.disk.spoilt.update({"a": 3, "b": 4})
    play.call(CallPhase.GATHER)
    play.manifest()
    play.file("a", files["a"])
    play.file("b", files["b"])
    play.run(3.0)
    assert play.ear.settled() == {"a": ("stored", ""), "b": ("failed", "mismatch")}
    (receipt,) = play.script.receipts()
    assert [(f.entry, f.reason) for f in receipt.failed] == [(1, "mismatch")]
    assert play.ear.report.failed == 1
    assert not play.ear.report.complete
    assert play.ear.report.signed


def test_what_the_sender_keeps_no_more_is_failed_and_mended_when_sent_again() -> None:
    files = {"a": b"alpha" * 100, "b": b"beta" * 100}
    play = Play(manifest_of(files, digests=True))
    play.script.signs = [True]
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(0.2)
    play.ear.member.cut()
    number = play.file("a", files["a"])
    play.run(0.1)
    play.sender.do(lambda core, now: core.norm.cancel(number, now=now))
    play.ear.member.cut(up=False, down=False)
    play.file("b", files["b"])
    play.call(CallPhase.SEND, 4.0)
    assert play.ear.settled()["a"] == ("failed", "gone")
    assert [f.reason for f in play.script.receipts()[0].failed] == ["gone"]
    assert not play.ear.reports
    play.file("a", files["a"])
    play.run(1.0)
    assert play.ear.report.complete
    assert play.ear.report.signed
    assert play.script.receipts()[-1].sha256 == rows(files)


def test_a_void_object_makes_room_for_the_next_one() -> None:
    files = {"a": b"alpha" * 100, "b": b"beta" * 100}
    new = b"gamma" * 90
    play = Play(manifest_of(files))
    play.call(CallPhase.GATHER)
    play.manifest()
    first = play.file("a", files["a"])
    play.run(0.2)
    play.seal(Seal(0, first, None, 0))
    second = play.file("a", new)
    third = play.file("b", files["b"])
    play.seal(
        Seal(0, second, digest(new), 450), Seal(1, third, digest(files["b"]), 400)
    )
    play.run(0.5)
    assert play.ear.report.complete
    assert play.ear.disk.disk == {"a": new, "b": files["b"]}
    assert play.script.receipts()[0].sha256 == rows({"a": new, "b": files["b"]})


def test_a_file_that_is_given_up_is_failed_at_once() -> None:
    files = {"a": b"alpha" * 100, "b": b"beta" * 100}
    play = Play(manifest_of(files, digests=True))
    play.call(CallPhase.GATHER)
    play.manifest()
    play.file("b", files["b"])
    play.seal(Seal(0, None, None, 0))
    play.run(0.5)
    assert play.ear.settled() == {"a": ("failed", "changed"), "b": ("stored", "")}
    assert play.ear.report.signed


def test_a_file_of_unknown_length_comes_in_parts() -> None:
    data = b"the rest"
    play = Play(manifest_of({"-": data}, unknown=["-"]))
    play.call(CallPhase.GATHER)
    play.manifest()
    play.data(part_info(0, 0), data)
    play.call(CallPhase.SEND, 0.5)
    assert play.ear.pull.progress(now=1.0).total_bytes is None
    play.seal(Seal(0, None, digest(data), len(data)))
    play.call(CallPhase.SEND, 5.0)
    assert play.ear.report.complete
    assert play.ear.disk.disk["-"] == data
    assert play.script.receipts()[0].sha256 == digest(data)


def test_an_end_before_all_is_here_is_told() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.call(CallPhase.GATHER)
    play.manifest()
    play.file("a.txt", FILES["a.txt"])
    play.run(0.2)
    play.bye("interrupted")
    play.run(0.1)
    report = play.ear.report
    assert (report.reason, report.stored, report.complete) == ("interrupted", 1, False)
    assert play.ear.disk.abandoned == [1]
    assert [e.reason for e in play.ear.saw(SenderGone)] == ["interrupted"]


def test_a_sender_that_falls_silent_is_given_up_after_twice_the_patience() -> None:
    play = Play(manifest_of(FILES, digests=True), patience_s=4.0)
    play.call(CallPhase.OFFER)
    play.manifest()
    play.run(0.05)
    play.sender.crash()
    play.run(7.9)
    assert not play.ear.reports
    play.run(0.3)
    assert play.ear.report.reason == "sender gone"


def test_a_bye_from_elsewhere_is_counted_and_nothing_else() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.call(CallPhase.GATHER)
    bye = Tagged(Kind.MESSAGE, 5, encode_word(Bye(play.script.manifest.delivery)))
    play.lab.inject(bye.encode(), Origin("10.0.0.99", 10_000), to=play.ear.member)
    play.run(0.1)
    assert not play.ear.reports
    assert play.ear.pull.dropped["other-origin"] == 1


def test_a_call_from_elsewhere_for_the_same_delivery_is_counted() -> None:
    play = Play(manifest_of(FILES, digests=True), count=None)
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(0.5)
    call = Call(play.script.manifest.delivery, 9, 9, CallPhase.SEND, 1, 1)
    forged = Tagged(Kind.QUESTION, 5, encode_word(call), name="src").encode()
    play.lab.inject(forged, Origin("10.0.0.99", 10_000), to=play.ear.member)
    play.run(0.1)
    assert play.ear.pull.dropped["other-origin"] == 1
    assert len(play.script.states()) == 1


def test_who_echoes_a_call_first_keeps_nobody_from_the_delivery() -> None:
    play = Play(manifest_of(FILES, digests=True))
    call = Call(play.script.manifest.delivery, 9, 9, CallPhase.GATHER, 1, 1)
    echo = Tagged(Kind.QUESTION, 5, encode_word(call), name="evil").encode()
    play.lab.inject(echo, Origin("10.0.0.99", 10_000), to=play.ear.member)
    play.run(0.1)
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(1.0)
    assert play.script.states()
    assert play.ear.pull.progress(now=play.lab.clock.now).senders == ("src",)


def test_who_is_not_allowed_is_not_heard() -> None:
    play = Play(manifest_of(FILES, digests=True), allowed=(ip_network("10.0.0.9/32"),))
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(1.0)
    assert not play.script.heard
    assert play.ear.pull.dropped["not-from-there"] > 2


def test_one_delivery_at_a_time_where_there_is_to_be_one() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(0.1)
    other = Script(play.lab.rng("o"), manifest_of(FILES, delivery=5), name="oth")
    sender = play.lab.add("oth", other)
    sender.do(lambda core, now: core.call(CallPhase.GATHER, now=now))
    play.run(0.1)
    (state,) = other.states()
    assert (state.phase, state.reason) == (MemberPhase.REFUSED, "busy")
    play.sender.crash()
    play.run(6.0)
    sender.do(lambda core, now: core.call(CallPhase.GATHER, now=now))
    play.run(0.1)
    assert other.states()[-1].phase is MemberPhase.HERE
    assert [e.reason for e in play.ear.saw(SenderGone)] == ["replaced"]
    assert not play.ear.reports


def test_a_foreign_sender_is_taken_files_from() -> None:
    play = Play(manifest_of({}), count=None)
    play.script.answers_joins = False
    play.named(b"hello.txt", b"hello" * 50)
    play.named(None, b"nameless" * 50)
    play.run(0.4)
    assert not play.ear.disk.calls
    play.run(2.0)
    assert play.ear.disk.disk == {
        "hello.txt": b"hello" * 50,
        "object-1": b"nameless" * 50,
    }
    assert play.script.joins() == 3
    play.run(3.0)
    report = play.ear.report
    assert (report.sender, report.stored, report.complete) == (
        "10.0.0.1:10000",
        2,
        True,
    )
    play.named(b"again.txt", b"again")
    play.run(0.5)
    play.finish()
    play.run(6.0)
    assert [r.stored for r in play.ear.reports] == [2, 1]


def test_a_foreign_file_is_acknowledged_when_it_is_stored() -> None:
    play = Play(manifest_of({}))
    play.script.answers_joins = False
    told: list[object] = []
    play.sender.on_event = told.append
    play.named(b"hello.txt", b"hello" * 50)
    play.sender.do(lambda core, now: core.norm.watermark([100], now=now))
    play.run(3.0)
    assert "NodeAcknowledged" in {type(e).__name__ for e in told}


def test_who_speaks_our_words_is_not_foreign_though_no_call_is_heard() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.script.answers_joins = False
    play.file("a.txt", FILES["a.txt"])
    play.run(1.0)
    assert "a.txt" in play.ear.disk.disk
    play.manifest()
    play.file("d/b.bin", FILES["d/b.bin"])
    play.run(2.0)
    play.script.answers_joins = True
    play.run(2.0)
    assert play.ear.report.signed
    assert play.ear.report.complete


def test_a_stop_leaves_everything_and_keeps_it() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(0.2)
    play.ear.member.do(lambda core, now: core.stop(now=now))
    assert play.ear.pull.finished
    assert play.ear.report.reason == "stopped"
    assert play.ear.disk.abandoned == [1]
    assert play.ear.pull.poll_timeout() is None


@pytest.mark.parametrize("word", [True, False])
def test_the_end_of_a_push_alone_is_no_delivery(word: bool) -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.script.answers_joins = False
    play.file("a", b"too late")
    play.run(0.2)
    assert play.script.joins()
    if word:
        play.bye()
    else:
        play.finish()
    play.run(60.0)
    assert not play.ear.events
    assert not play.ear.pull.finished
    assert not play.ear.pull.progress(now=play.lab.clock.now).senders


def test_what_cannot_be_opened_now_waits_until_something_is_closed() -> None:
    play = Play(manifest_of(FILES, digests=True))
    play.ear.disk.crowded.add("d/b.bin")
    play.call(CallPhase.GATHER)
    play.manifest()
    play.run(0.1)
    play.ear.disk_s = 0.1
    play.file("a.txt", FILES["a.txt"])
    play.file("d/b.bin", FILES["d/b.bin"])
    play.run(0.09)
    play.ear.disk.crowded.clear()
    assert "d/b.bin" not in play.ear.settled()
    play.run(1.0)
    assert play.ear.report.complete
    assert play.ear.settled()["d/b.bin"] == ("stored", "")


def test_what_cannot_be_opened_now_is_tried_again_by_and_by() -> None:
    files = {"a": b"alpha" * 100}
    play = Play(manifest_of(files, digests=True))
    play.ear.disk.crowded.add("a")
    play.call(CallPhase.GATHER)
    play.manifest()
    play.file("a", files["a"])
    play.call(CallPhase.SEND)
    play.run(15.0)
    assert not play.ear.reports
    assert not play.ear.settled()
    assert play.ear.disk.calls["open"] < 150
    play.ear.disk.crowded.clear()
    play.run(0.5)
    assert play.ear.report.complete
