"""Files of senders that do not speak our words."""

from __future__ import annotations

from errno import ENOSPC

from tests.deliver.fakes import manifest_of
from tests.deliver.pull.script import Play, Script

from groupwire.deliver.pull import SenderGone
from groupwire.deliver.pull.foreign import Foreign, is_ours
from groupwire.deliver.storage import Examined, Outcome, Status
from groupwire.deliver.wire.seals import part_info
from groupwire.deliver.words import CallPhase, MemberPhase
from groupwire.norm import LATER, ObjectFlag, ObjectOffer
from groupwire.norm.receive.events import LossReason, ObjectLost, ObjectReceived
from groupwire.norm.receive.sink import MemorySink


def foreign(**options: object) -> Play:
    """Return a play whose sender is known to be foreign."""
    stage = Play(manifest_of({}), **options)  # type: ignore[arg-type]
    stage.script.answers_joins = False
    stage.sender.do(lambda core, now: core.norm.start(now=now))
    stage.run(0.6)
    return stage


def course(stage: Play) -> Foreign:
    (found,) = stage.ear.pull._courses._courses.values()
    assert isinstance(found, Foreign)
    return found


def test_info_of_ours_is_known() -> None:
    assert is_ours(part_info(1, 2))
    assert is_ours(b"gw-manifest")
    assert not is_ours(b"file")
    assert not is_ours(None)


def test_an_end_while_something_is_lacking_is_told() -> None:
    stage = foreign(patience_s=0.5)
    stage.named(b"whole", b"w" * 400)
    stage.run(0.1)
    stage.named(b"cut", b"c" * 400_000)
    stage.run(0.005)
    stage.sender.crash()
    stage.run(0.1)
    progress = stage.ear.pull.progress(now=stage.lab.clock.now)
    assert progress.files == 2
    assert progress.files_settled == 1
    assert 400 < progress.bytes_have < 400_400
    assert progress.total_bytes is None
    stage.run(2.0)
    report = stage.ear.report
    assert (report.stored, report.reason) == (1, "sender gone")
    assert [e.reason for e in stage.ear.saw(SenderGone)] == ["sender gone"]


def test_a_disk_that_is_at_it_is_waited_for_at_the_end() -> None:
    stage = foreign()
    stage.named(b"hello", b"h" * 400)
    stage.ear.disk_s = 9.0
    stage.run(0.2)
    stage.finish()
    stage.run(8.0)
    assert not stage.ear.reports
    stage.run(1.5)
    assert stage.ear.report.stored == 1


def test_what_the_disk_refuses_is_failed() -> None:
    stage = foreign()
    stage.ear.disk.refused["evil"] = "unsafe-name"
    stage.ear.disk.full.add("object-1")
    stage.named(b"evil", b"e" * 400)
    stage.named(b"big", b"b" * 400)
    stage.run(4.0)
    report = stage.ear.report
    assert report.failed == 2
    assert {(f.path, f.reason) for f in report.files} == {
        ("evil", "unsafe-name"),
        ("object-1", "disk-full"),
    }


def test_what_is_gone_is_failed_once_something_has_begun() -> None:
    stage = foreign()
    found = course(stage)
    gone = ObjectLost(found.run.sender, 5, LossReason.GONE)
    found.lost(gone, 1.0)
    assert not found.begun
    stage.named(b"a", b"a" * 400)
    stage.run(0.1)
    found.lost(gone, 1.0)
    found.lost(ObjectLost(found.run.sender, 6, LossReason.ENDED), 1.0)
    found.lost(
        ObjectLost(found.run.sender, 7, LossReason.STORE, OSError(ENOSPC, "full")), 1.0
    )
    stage.run(3.0)
    assert [f.reason for f in stage.ear.report.files] == ["", "gone", "disk-full"]


def test_there_is_one_place_for_it_too() -> None:
    stage = foreign()
    stage.named(b"a", b"a" * 400)
    stage.run(0.1)
    other = Script(stage.lab.rng("o"), manifest_of({"x": b"1"}, delivery=5))
    sender = stage.lab.add("oth", other)
    sender.do(lambda core, now: core.call(CallPhase.GATHER, now=now))
    stage.run(0.1)
    assert other.states()[0].phase is MemberPhase.REFUSED


def test_without_a_place_its_objects_wait() -> None:
    stage = Play(manifest_of({"x": b"1"}), count=1)
    stage.call(CallPhase.GATHER)
    other = Script(stage.lab.rng("o"), manifest_of({}), node=8)
    other.answers_joins = False
    sender = stage.lab.add("oth", other)
    sender.do(lambda core, now: core.send_named(b"foreign", b"f" * 400, now))
    stage.run(2.0)
    assert not stage.ear.disk.calls["open_foreign"]
    assert stage.ear.pull.dropped["norm-later"]


def test_a_call_shows_that_it_is_none_of_the_foreign() -> None:
    files = {"a": b"alpha" * 100}
    stage = Play(manifest_of(files, digests=True))
    stage.script.answers_joins = False
    stage.file("a", files["a"])
    stage.run(1.0)
    assert "a" in stage.ear.disk.disk
    stage.call(CallPhase.SEND)
    stage.manifest()
    stage.run(1.0)
    assert stage.ear.report.signed
    assert stage.ear.report.complete


def test_nothing_else_is_said_to_it() -> None:
    stage = foreign()
    found = course(stage)
    assert stage.ear.pull.sender_of(found.key) == "10.0.0.1"
    assert found.deadline is None
    assert found.silent_at(1.0) is None
    found.examined(Examined(), 1.0)
    found.concluded({0: "io-error"}, 1.0)
    found.finished(5, Outcome(Status.STORED), 1.0)
    sink = MemorySink()
    found.received(
        ObjectReceived(found.run.sender, 5, 5, ObjectFlag.FILE, b"a", sink), 1.0
    )
    assert found.files == (0, 0)
    found.expire(1.0)
    found.stop(1.0)
    found.stop(1.0)
    assert found.report is not None
    assert found.silent_at(1.0) is None
    assert not stage.ear.disk.calls


def test_an_object_whose_info_is_lost_waits_for_it() -> None:
    stage = foreign()
    stage.ear.pull._origin = stage.sender.origin
    offer = ObjectOffer(7, 1, 5, 5, ObjectFlag.INFO, None)
    assert stage.ear.pull._offer(offer) is LATER


def test_where_it_is_quiet_and_the_disk_is_slow_it_is_waited_for() -> None:
    stage = foreign()
    stage.ear.disk_s = 3.0
    stage.named(b"hello", b"h" * 400)
    stage.run(2.5)
    assert not stage.ear.reports
    stage.run(3.0)
    assert stage.ear.report.stored == 1


def test_a_stop_leaves_it() -> None:
    stage = foreign()
    stage.named(b"a", b"a" * 4000)
    stage.run(0.0005)
    assert stage.ear.member is not None
    stage.ear.member.do(lambda core, now: core.stop(now=now))
    assert stage.ear.report.reason == "stopped"


def test_an_end_before_anything_has_come_is_no_delivery() -> None:
    stage = foreign()
    stage.finish()
    stage.run(5.0)
    assert not stage.ear.reports
    assert not stage.ear.pull.finished


def test_objects_wait_until_something_can_be_opened() -> None:
    stage = foreign()
    stage.ear.disk.crowded |= {"object-0", "object-1"}
    stage.named(b"a", b"a" * 400)
    stage.named(b"b", b"b" * 400)
    stage.run(5.0)
    assert not stage.ear.reports
    stage.ear.disk.crowded.clear()
    stage.run(4.0)
    assert stage.ear.report.stored == 2
    assert not stage.ear.report.failed


def test_what_is_lost_is_not_kept_open() -> None:
    stage = foreign()
    stage.named(b"cut", b"c" * 400_000)
    stage.run(0.005)
    found = course(stage)
    found.lost(ObjectLost(found.run.sender, 0, LossReason.GONE), 0.0)
    found.lost(ObjectLost(found.run.sender, 0, LossReason.GONE), 0.0)
    assert stage.ear.disk.calls["discard_foreign"] == 1
