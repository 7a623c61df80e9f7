"""What may go otherwise in one delivery."""

from __future__ import annotations

from hashlib import sha256

import pytest
from tests.deliver.fakes import manifest_of
from tests.deliver.pull.script import Play

from groupwire.deliver.pull import SenderGone
from groupwire.deliver.pull.delivery import Delivery
from groupwire.deliver.pull.plumbing.phase import Phase
from groupwire.deliver.pull.plumbing.reading import ENTRY_BYTES
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.wire.manifest import encode_manifest
from groupwire.deliver.wire.seals import SEAL_INFO, Seal
from groupwire.deliver.words import Bye, CallPhase, MemberPhase, Signed
from groupwire.errors import UsageError
from groupwire.gather import Kind
from groupwire.norm import LATER, ObjectFlag, ObjectOffer
from groupwire.norm.receive.events import (
    LossReason,
    ObjectLost,
    ObjectReceived,
    SenderKey,
)
from groupwire.norm.receive.sink import MemorySink
from groupwire.values import Origin

KEY = SenderKey(Origin("10.0.0.1", 10_000), 7, 1)
FILES = {"a": b"alpha" * 100, "b": b"beta" * 100}


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


def play(files: dict[str, bytes] | None = None, **options: object) -> Play:
    """Return a play whose member has the manifest."""
    manifest = manifest_of(FILES if files is None else files, digests=True)
    opened = Play(manifest, **options)  # type: ignore[arg-type]
    opened.call(CallPhase.GATHER)
    opened.manifest()
    opened.run(0.1)
    return opened


def course(stage: Play) -> Delivery:
    (found,) = stage.ear.pull._courses._courses.values()
    assert isinstance(found, Delivery)
    return found


def send_all(stage: Play) -> None:
    for path, data in FILES.items():
        stage.file(path, data)


def test_a_bye_does_not_disturb_the_disk() -> None:
    stage = play()
    stage.ear.disk_s = 0.5
    send_all(stage)
    stage.run(0.2)
    stage.bye()
    stage.run(0.1)
    stage.bye("again")
    assert stage.ear.pull.sender_of(1) == "src"
    assert stage.ear.pull.sender_of(2) == ""
    assert course(stage).phase is Phase.TAKING
    stage.run(2.0)
    report = stage.ear.report
    assert (report.complete, report.signed) == (True, False)
    assert set(stage.ear.disk.disk) == set(FILES)


def test_a_bye_while_it_concludes_changes_nothing() -> None:
    stage = play()
    stage.ear.disk_s = 0.05
    send_all(stage)
    stage.run(0.08)
    assert course(stage).phase is Phase.CONCLUDING
    stage.bye()
    stage.run(1.0)
    assert stage.ear.report.complete


def test_where_the_disk_refuses_after_the_bye_it_is_incomplete() -> None:
    stage = play()
    stage.ear.disk.spoilt["a"] = 1
    stage.ear.disk_s = 0.5
    send_all(stage)
    stage.run(0.2)
    stage.bye("interrupted")
    stage.run(2.0)
    assert stage.ear.report.reason == "interrupted"


def test_a_bye_in_place_of_the_signature_ends_it_soon() -> None:
    stage = play()
    stage.script.signs = None
    send_all(stage)
    stage.run(0.2)
    stage.bye()
    stage.finish()
    stage.run(0.3)
    assert (stage.ear.report.complete, stage.ear.report.signed) == (True, False)


@pytest.mark.parametrize("reason", ["", "interrupted"])
def test_a_bye_that_names_the_member_is_its_signature(reason: str) -> None:
    stage = play()
    stage.script.signs = None
    send_all(stage)
    stage.run(0.2)
    bye = Bye(stage.script.manifest.delivery, reason, (5, 100))
    stage.sender.do(lambda core, now: core.say(bye, kind=Kind.MESSAGE))  # noqa: ARG005
    stage.run(0.01)
    assert (stage.ear.report.complete, stage.ear.report.signed) == (True, True)


def test_a_bye_that_names_a_member_without_all_is_no_signature() -> None:
    stage = play()
    bye = Bye(stage.script.manifest.delivery, "", (100,))
    stage.sender.do(lambda core, now: core.say(bye, kind=Kind.MESSAGE))  # noqa: ARG005
    stage.run(0.2)
    assert (stage.ear.report.complete, stage.ear.report.signed) == (False, False)


def test_a_bye_with_a_reason_in_place_of_the_signature_ends_it_at_once() -> None:
    stage = play()
    stage.script.signs = None
    send_all(stage)
    stage.run(0.2)
    stage.bye("interrupted")
    stage.run(0.01)
    assert stage.ear.report.complete


@pytest.mark.parametrize("other", [False, True])
def test_a_manifest_that_cannot_be_read_is_asked_for_again(other: bool) -> None:
    stage = Play(manifest_of(FILES, digests=True))
    stage.call(CallPhase.GATHER)
    junk = encode_manifest(manifest_of(FILES, delivery=5)) if other else b"junk"
    stage.manifest(junk)
    stage.run(3.0)
    (gone,) = stage.ear.saw(SenderGone)
    assert gone.reason == "the manifest is not readable"
    assert not stage.ear.pull.finished
    reason = "deliver-other-id" if other else "deliver-zlib"
    assert stage.ear.pull.dropped[reason] == 4


def test_a_manifest_takes_memory_until_its_delivery_ends() -> None:
    stage = Play(manifest_of(FILES, digests=True))
    room = stage.ear.pull._setting.room
    before = room.left_bytes
    stage.call(CallPhase.OFFER)
    stage.manifest()
    stage.run(0.2)
    assert before - room.left_bytes == len(FILES) * ENTRY_BYTES
    stage.bye()
    stage.run(0.2)
    assert room.left_bytes == before


def test_a_manifest_for_which_there_is_no_memory_ends_it() -> None:
    files = {f"{n}": b"" for n in range(50)}
    manifest = manifest_of(files, digests=True)
    most = len(encode_manifest(manifest)) + 10 * ENTRY_BYTES
    stage = Play(manifest, memory_bytes=most)
    stage.call(CallPhase.OFFER)
    stage.manifest()
    stage.run(0.2)
    assert stage.ear.pull.dropped["no-memory"] == 1
    (gone,) = stage.ear.saw(SenderGone)
    assert gone.reason == "the manifest is too large"
    assert stage.ear.pull._setting.room.left_bytes == most


def test_a_manifest_that_is_gone_ends_it() -> None:
    files = {f"{n}": b"%d" % n for n in range(100)}
    stage = Play(manifest_of(files, digests=True))
    stage.call(CallPhase.GATHER)
    number = stage.manifest()
    stage.run(0.0005)
    assert stage.ear.member is not None
    stage.ear.member.cut()
    stage.run(0.1)
    stage.sender.do(lambda core, now: core.norm.cancel(number, now=now))
    stage.ear.member.cut(up=False, down=False)
    stage.file("0", b"0")
    stage.run(3.0)
    (gone,) = stage.ear.saw(SenderGone)
    assert gone.reason == "the manifest is gone"
    assert not stage.ear.pull.finished


def test_a_second_manifest_is_not_taken() -> None:
    stage = play()
    stage.manifest()
    send_all(stage)
    stage.run(0.5)
    assert stage.ear.report.complete


def test_seals_that_cannot_be_read_are_asked_for_again() -> None:
    stage = play()
    stage.data(SEAL_INFO, b"junk")
    stage.seal(Seal(0, 1, None, 0), delivery=5)
    stage.run(1.0)
    assert stage.ear.pull.dropped["deliver-other-id"] == 4
    send_all(stage)
    stage.run(0.5)
    assert stage.ear.report.complete


def test_a_seal_may_open_again_what_was_about_to_be_signed() -> None:
    stage = play()
    stage.script.signs = None
    first = stage.file("a", FILES["a"])
    stage.file("b", FILES["b"])
    stage.run(0.2)
    assert course(stage).phase is Phase.SIGNING
    stage.script.signs = []
    stage.seal(Seal(0, first, None, 0))
    stage.run(0.02)
    assert course(stage).phase is Phase.TAKING
    second = stage.file("a", b"new")
    stage.seal(Seal(0, second, digest(b"new"), 3))
    stage.run(0.5)
    assert stage.ear.disk.disk["a"] == b"new"
    assert stage.ear.report.signed


def test_a_seal_may_open_again_what_is_being_concluded() -> None:
    stage = play()
    stage.ear.disk_s = 0.05
    stage.ear.disk.unmade[0] = "io-error"
    first = stage.file("a", FILES["a"])
    stage.file("b", FILES["b"])
    stage.run(0.08)
    stage.seal(Seal(0, first, None, 0))
    stage.run(0.01)
    assert course(stage).phase is Phase.CONCLUDING
    stage.ear.disk_s = 0.001
    second = stage.file("a", b"new")
    stage.seal(Seal(0, second, digest(b"new"), 3))
    stage.ear.disk.unmade.clear()
    stage.run(1.0)
    assert stage.ear.disk.calls["conclude"] == 2
    assert stage.ear.report.complete


def test_a_directory_that_cannot_be_made_is_told_to_the_sender() -> None:
    stage = play({"d/": b"", **FILES})
    stage.ear.disk.unmade[0] = "io-error"
    send_all(stage)
    stage.run(0.5)
    (receipt,) = stage.script.receipts()
    assert [(f.entry, f.reason) for f in receipt.failed] == [(0, "io-error")]
    assert stage.ear.report.failed == 1


def test_where_nothing_may_be_said_it_ends_without_a_signature() -> None:
    stage = play(answer_to=())
    send_all(stage)
    stage.run(0.5)
    assert not stage.script.heard
    assert (stage.ear.report.complete, stage.ear.report.signed) == (True, False)
    assert stage.ear.pull.dropped["off-link"] >= 2


def test_again_for_a_file_that_is_sent_anew_waits_for_its_seal() -> None:
    stage = play()
    stage.script.signs = [True] * 9
    send_all(stage)
    stage.run(3.0)
    assert course(stage).phase is Phase.SIGNING
    assert not stage.ear.reports
    second = stage.file("a", b"new")
    stage.seal(Seal(0, second, digest(b"new"), 3))
    stage.script.signs = []
    stage.run(0.5)
    assert stage.ear.disk.disk["a"] == b"new"
    assert stage.ear.report.signed


def test_again_and_nothing_that_can_be_mended_is_asked_until_it_is_signed() -> None:
    stage = play()
    stage.script.signs = [True]
    stage.ear.disk.full.add("a")
    send_all(stage)
    stage.run(0.5)
    assert stage.ear.report.signed
    assert stage.ear.settled()["a"] == ("failed", "disk-full")


def test_what_the_disk_says_at_a_wrong_time_changes_nothing() -> None:
    stage = play()
    pull, failed = stage.ear.pull, {0: "io-error"}
    pull.handle_examined(1, Examined({0: Outcome(Status.FAILED)}), now=1.0)
    pull.handle_concluded(1, failed, now=1.0)
    pull.handle_examined(9, Examined(), now=1.0)
    pull.handle_finished(9, 0, Outcome(Status.STORED), now=1.0)
    pull.handle_concluded(9, failed, now=1.0)
    send_all(stage)
    stage.run(0.5)
    assert stage.ear.report.complete


def test_before_the_manifest_it_tells_what_the_call_has_told() -> None:
    stage = Play(manifest_of(FILES))
    stage.call(CallPhase.GATHER)
    progress = stage.ear.pull.progress(now=1.0)
    assert (progress.files, progress.total_bytes, progress.bytes_have) == (2, 900, 0)
    stage.ear.pull.handle_finished(1, 0, Outcome(Status.STORED), now=1.0)
    with pytest.raises(UsageError):
        assert course(stage)._taking
    with pytest.raises(UsageError, match="from ANNOUNCED to SIGNING"):
        course(stage)._enter(Phase.SIGNING)


def test_a_signature_for_another_delivery_counts_not() -> None:
    stage = play()
    stage.script.signs = None
    send_all(stage)
    stage.run(0.2)
    found = course(stage)
    found.signed(Signed(5), 1.0)
    assert stage.ear.pull.dropped["other-delivery"] == 1
    assert found.phase is Phase.SIGNING


def test_what_is_lacking_is_waited_for_while_the_sender_is_there() -> None:
    stage = play(patience_s=1.0)
    assert stage.ear.member is not None
    stage.ear.member.cut(down=True, up=True)
    stage.file("a", FILES["a"])
    stage.run(0.1)
    stage.ear.member.cut(up=True, down=False)
    stage.file("b", FILES["b"])
    for _ in range(3):
        stage.call(CallPhase.SEND, 1.0)
    assert stage.ear.settled() == {"b": ("stored", "")}
    stage.ear.member.cut(up=False, down=False)
    stage.run(8.0)
    assert stage.ear.report.complete


def test_what_is_not_sent_is_asked_for_by_the_receipt() -> None:
    stage = play(patience_s=3.0)
    stage.script.signs = [True]
    stage.file("a", FILES["a"])
    for _ in range(4):
        stage.call(CallPhase.SEND, 1.0)
    assert [f.reason for f in stage.script.receipts()[0].failed] == ["gone"]
    stage.file("b", FILES["b"])
    stage.run(0.5)
    assert stage.ear.report.complete


def test_a_delivery_that_is_left_is_answered_with_the_reason() -> None:
    stage = play(count=None)
    stage.bye("interrupted")
    stage.run(0.1)
    stage.call()
    state = stage.script.states()[-1]
    assert (state.phase, state.reason) == (MemberPhase.REFUSED, "interrupted")
    assert state.node == 100


def test_an_object_whose_info_is_lost_waits_for_it() -> None:
    offer = ObjectOffer(7, 1, 5, 5, ObjectFlag.INFO, None)
    assert course(play()).offer(offer) is LATER


def test_what_is_left_takes_nothing_more() -> None:
    stage = play()
    found = course(stage)
    found.stop(1.0)
    found.stop(1.0)
    assert found.offer(ObjectOffer(7, 1, 5, 5, ObjectFlag.INFO, b"a")) is None
    found.received(ObjectReceived(KEY, 5, 5, ObjectFlag.INFO, b"a", MemorySink()), 1.0)


def test_objects_that_come_or_go_before_the_manifest_are_nobodys() -> None:
    stage = Play(manifest_of(FILES))
    stage.call(CallPhase.GATHER)
    found = course(stage)
    found.received(ObjectReceived(KEY, 5, 5, ObjectFlag.INFO, b"a", MemorySink()), 1.0)
    found.lost(ObjectLost(KEY, 6, LossReason.GONE), 1.0)
    found.lost(ObjectLost(KEY, 6, LossReason.ENDED), 1.0)
    assert found.phase is Phase.ANNOUNCED
    assert found.final.phase is MemberPhase.REFUSED
