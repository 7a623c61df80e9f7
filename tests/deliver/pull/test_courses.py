"""Senders that come, go and come again, and what strangers say."""

from __future__ import annotations

from hashlib import sha256

import pytest
from tests.deliver.fakes import MemoryFile, manifest_of
from tests.deliver.pull.script import Play, Script

from groupwire.deliver.pull import Joined, SenderGone
from groupwire.deliver.pull import courses as module
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import (
    Bye,
    Call,
    CallPhase,
    Join,
    MemberPhase,
    Signed,
    Word,
)
from groupwire.gather import Kind, Tagged
from groupwire.norm.receive.events import SenderEnded, SenderKey
from groupwire.testing import Member
from groupwire.values import Datagram, Interface, Origin

FILES = {"a": b"alpha" * 100}
STRANGER = Origin("10.9.9.9", 5000)


def called(**options: object) -> Play:
    stage = Play(manifest_of(FILES, digests=True), **options)  # type: ignore[arg-type]
    stage.call(CallPhase.GATHER)
    return stage


def another(stage: Play, name: str = "src", delivery: int = 5) -> Member[Script]:
    manifest = manifest_of(FILES, digests=True, delivery=delivery)
    script = Script(stage.lab.rng(str(delivery)), manifest, name=name, node=delivery)
    return stage.lab.add(f"other{delivery}", script)


def call(stage: Play, sender: Member[Script], phase: CallPhase) -> MemberPhase:
    sender.do(lambda core, now: core.call(phase, now=now))
    stage.run(0.05)
    return sender.core.states()[-1].phase


def hear(stage: Play, word: Word | bytes, kind: Kind, *, number: int = 5) -> None:
    """Let a stranger say something to the member."""
    payload = word if isinstance(word, bytes) else encode_word(word)
    data = Tagged(kind, number, payload).encode()
    stage.lab.inject(data, STRANGER, to=stage.ear.member)


def test_a_sender_that_is_started_anew_waits_a_moment_and_is_followed() -> None:
    stage = called()
    stage.manifest()
    stage.run(0.1)
    stage.sender.crash()
    again = another(stage)
    # The same name, from the same host.
    again.origin = Origin(stage.sender.origin.host, 20_000)
    stage.lab._by_origin[again.origin] = again
    assert call(stage, again, CallPhase.GATHER) is MemberPhase.HERE
    # So that nothing is sent before it has a place.
    assert again.core.states()[-1].holds
    assert call(stage, again, CallPhase.OFFER) is MemberPhase.EXAMINING
    stage.run(3.0)
    call(stage, again, CallPhase.SEND)
    again.do(lambda core, now: core.send_manifest(now))
    again.do(lambda core, now: core.send_file("a", FILES["a"], now))
    stage.run(0.5)
    assert [e.reason for e in stage.ear.saw(SenderGone)] == ["replaced"]
    assert stage.ear.report.signed


def test_a_forged_call_takes_no_place_from_who_has_something_to_send() -> None:
    stage = Play(manifest_of(FILES, digests=True))
    forger = another(stage, "forger")
    assert call(stage, forger, CallPhase.GATHER) is MemberPhase.HERE
    stage.call(CallPhase.GATHER)
    assert stage.script.states()[-1].phase is MemberPhase.HERE
    # However often it calls.
    assert call(stage, forger, CallPhase.SEND) is MemberPhase.EXAMINING
    stage.call(CallPhase.SEND)
    stage.manifest()
    stage.file("a", FILES["a"])
    stage.run(0.5)
    assert stage.lab.clock.now < 1.0
    assert stage.ear.report.signed
    assert not stage.ear.saw(SenderGone)


def test_of_two_that_were_announced_the_first_manifest_has_the_place() -> None:
    stage = called()
    other = another(stage, "other")
    assert call(stage, other, CallPhase.GATHER) is MemberPhase.HERE
    for sender in (stage.sender, other):
        sender.do(lambda core, now: core.send_manifest(now))
    stage.run(0.1)
    assert [e.sender for e in stage.ear.saw(Joined)] == ["src"]
    assert call(stage, other, CallPhase.SEND) is MemberPhase.REFUSED
    assert stage.ear.pull.dropped["no-place"] == 1
    stage.file("a", FILES["a"])
    stage.run(0.5)
    assert stage.ear.report.signed


def test_a_manifest_behind_another_one_is_not_taken() -> None:
    stage = called()
    other = another(stage, "other")
    call(stage, other, CallPhase.GATHER)
    courses = stage.ear.pull._courses
    first, second = courses._deliveries()
    courses._clear_line = lambda now: None  # type: ignore[method-assign] # noqa: ARG005
    stage.manifest()
    stage.run(0.1)
    assert not first.provisional
    other.do(lambda core, now: core.send_manifest(now))
    stage.run(0.1)
    assert courses._deliveries() == [first]
    assert second.report is not None
    assert stage.ear.pull.dropped["no-place"] == 1


@pytest.mark.parametrize("whole", [True, False])
def test_who_was_in_line_has_the_place_of_who_falls_silent(*, whole: bool) -> None:
    stage = called()
    other = another(stage, "other")
    call(stage, other, CallPhase.GATHER)
    dice = stage.lab.rng("names")
    entries = {f"{dice.getrandbits(256)}": b"" for _ in range(1 if whole else 3000)}
    other.core.manifest = manifest_of(FILES | entries, digests=True, delivery=5)
    if not whole:  # it is on its way when the place is taken
        other.do(lambda core, now: core.send_manifest(now))
        stage.run(0.01)
    stage.manifest()
    stage.run(0.1)
    if whole:
        other.do(lambda core, now: core.send_manifest(now))
        stage.run(0.1)
    assert [e.sender for e in stage.ear.saw(Joined)] == ["src"]
    stage.sender.crash()
    stage.run(5.5)
    assert call(stage, other, CallPhase.SEND) is not MemberPhase.REFUSED
    other.do(lambda core, now: core.send_file("a", FILES["a"], now))
    stage.run(3.0)
    assert [e.sender for e in stage.ear.saw(Joined)] == ["src", "other"]
    assert stage.ear.report.signed


def test_who_is_crowded_out_of_the_line_is_back_with_its_next_call() -> None:
    stage = called()
    forgers = [another(stage, f"f{n}", n) for n in range(20, 29)]
    for forger in forgers:
        assert call(stage, forger, CallPhase.GATHER) is MemberPhase.HERE
    assert len(stage.ear.pull._courses._courses) == 8
    stage.call(CallPhase.SEND)
    stage.manifest()
    stage.file("a", FILES["a"])
    stage.run(0.5)
    assert stage.ear.report.signed
    assert stage.lab.clock.now < 2.0
    assert not stage.ear.saw(SenderGone)


@pytest.mark.parametrize("bye", [True, False])
def test_who_calls_and_never_tells_what_it_sends_does_not_end_a_pull(
    *, bye: bool
) -> None:
    stage = Play(manifest_of(FILES, digests=True))
    junk = another(stage, "junk")
    call(stage, junk, CallPhase.GATHER)
    if bye:
        junk.do(lambda core, now: core.bye())  # noqa: ARG005
    stage.run(1.0 if bye else 25.0)
    assert not stage.ear.pull.finished
    assert not stage.ear.reports
    assert len(stage.ear.saw(SenderGone)) == 1
    stage.call(CallPhase.SEND)
    stage.manifest()
    stage.file("a", FILES["a"])
    stage.run(0.5)
    assert stage.ear.report.signed
    assert stage.ear.pull.finished


def test_a_call_with_the_address_of_a_sender_does_not_end_its_delivery() -> None:
    stage = called()
    stage.manifest()
    stage.run(0.2)
    word = encode_word(Call(77, 9, 9, CallPhase.GATHER, 1, 1))
    data = Tagged(Kind.QUESTION, 9, word, name="src").encode()
    stage.lab.inject(data, stage.sender.origin, to=stage.ear.member)
    stage.call(CallPhase.SEND)
    stage.file("a", FILES["a"])
    stage.run(0.5)
    assert not stage.ear.saw(SenderGone)
    assert stage.ear.report.signed


def test_a_second_delivery_of_the_same_run_is_none() -> None:
    stage = called()
    stage.script.manifest = manifest_of(FILES, delivery=6)
    stage.call(CallPhase.GATHER)
    assert stage.ear.pull.dropped["other-delivery"] == 1
    assert len(stage.script.states()) == 1


def test_who_is_refused_is_asked_seldom_and_followed_when_there_is_a_place() -> None:
    stage = called(count=2)
    busy = another(stage, "busy", 20)
    call(stage, busy, CallPhase.GATHER)
    for sender in (stage.sender, busy):
        sender.do(lambda core, now: core.send_manifest(now))
    stage.run(0.1)
    stage.sender.crash()
    busy.crash()
    late = another(stage, "late", 21)
    for _ in range(20):
        late.do(lambda core, now: core.send_file("a", FILES["a"], now))
        stage.run(0.1)
    assert 1 <= late.core.joins() <= 3
    assert not late.core.states()
    stage.run(6.0)
    late.do(lambda core, now: core.send_manifest(now))
    stage.run(1.5)
    assert [e.sender for e in stage.ear.saw(Joined)] == ["src", "busy", "late"]


def test_several_at_once_where_any_number_is_wanted() -> None:
    stage = called(count=None)
    others = [another(stage, f"s{n}", n) for n in range(20, 29)]
    for other in others:
        call(stage, other, CallPhase.SEND)
        other.do(lambda core, now: core.send_manifest(now))
    stage.manifest()
    stage.run(0.2)
    phases = [call(stage, other, CallPhase.SEND) for other in others]
    assert phases == [MemberPhase.TAKING] * 8 + [MemberPhase.REFUSED]
    assert len(stage.ear.pull.progress(now=1.0).senders) == 8


def test_what_is_over_is_remembered_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_OVER", 2)
    stage = called(count=None)
    stage.bye()
    others = [another(stage, f"s{n}", n) for n in range(20, 23)]
    for other in others:
        call(stage, other, CallPhase.GATHER)
        other.do(lambda core, now: core.bye())  # noqa: ARG005
    stage.run(0.1)
    assert not stage.ear.reports
    assert len(stage.ear.saw(SenderGone)) == 4
    assert call(stage, others[2], CallPhase.SEND) is MemberPhase.REFUSED
    assert len(stage.ear.pull._courses._over) == 2


def test_idle_foreign_senders_are_forgotten_beyond_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_COURSES", 3)
    stage = called()
    courses = stage.ear.pull._courses
    for number in range(5):
        origin = Origin("10.0.0.9", 5000 + number)
        courses.begin_foreign(SenderKey(origin, 1, 1), float(number))
    assert len(courses._courses) == 3
    courses.begin_foreign(SenderKey(Origin("10.0.0.9", 5004), 2, 1), 9.0)
    courses._forget_idle()
    assert [key.source for key in courses._courses] == [7, 2]


def test_strangers_are_counted() -> None:
    stage = called()
    delivery = stage.script.manifest.delivery
    hear(stage, b"junk", Kind.MESSAGE)
    hear(stage, Join(5), Kind.QUESTION, number=6)
    hear(stage, Bye(77), Kind.MESSAGE, number=7)
    hear(stage, Signed(delivery), Kind.ANSWER)
    dropped = stage.ear.pull.dropped
    assert dropped["word-json"] == 1
    assert dropped["not-for-members"] == 1
    assert dropped["stray-answer"] == 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("cut", "tagged-options"),
        (Signed(5), "not-what-was-asked"),
        (b"junk", "word-json"),
        (Call(1, 99, 99, CallPhase.SEND, 1, 1), "other-run"),
    ],
)
def test_a_wrong_answer_to_join_is_counted(
    said: Word | bytes | str, reason: str
) -> None:
    stage = Play(manifest_of(FILES, digests=True))
    stage.script.answers_joins = False
    stage.file("a", FILES["a"])
    stage.run(0.01)
    (transmit,) = stage.ear.pull._strangers._strangers.values()
    assert transmit.errand is not None
    number = int.from_bytes(transmit.errand._id)
    payload = encode_word(said) if not isinstance(said, bytes | str) else b"junk"
    data = Tagged(Kind.ANSWER, number, payload).encode()
    if said == "cut":
        data = data[:6] + b"\xff\xff" + data[8:]
    stage.lab.inject(data, stage.sender.origin, to=stage.ear.member)
    assert stage.ear.pull.dropped[reason] == 1


def test_a_call_that_comes_behind_norm_in_one_datagram_is_heard() -> None:
    stage = Play(manifest_of(FILES, digests=True))
    stage.script.say(stage.script._call())
    stage.script.norm.start(now=0.0)
    tagged, norm, *_ = stage.script.poll_transmits()
    long = bytes(norm.data).ljust(len(tagged.data), b"\0")
    datagram = Datagram(
        long + bytes(tagged.data), stage.sender.origin, 1, segment_bytes=len(long)
    )
    stage.ear.pull.handle_datagram(datagram, now=0.0)
    assert len(stage.ear.pull._courses._courses) == 1


def test_an_answer_beyond_the_link_is_short() -> None:
    stage = called(count=None)
    wants = {f"{n}": b"x" * (n % 2) for n in range(300)}
    far = Play(manifest_of(wants, digests=True))
    far.ear.disk.disk.update({path: data for path, data in wants.items() if data})
    far.call(CallPhase.GATHER)
    far.manifest()
    far.run(0.1)
    far.call(CallPhase.SEND)
    state = far.script.states()[-1]
    assert state.wants is None
    assert stage.script.states()


@pytest.mark.parametrize("count", [1, 20])
def test_what_is_held_is_told_when_files_are_offered_if_there_is_room(
    count: int,
) -> None:
    files = {f"{n}": b"%d" % n * 900 for n in range(count)}
    far = Play(manifest_of(files, digests=True))
    for path, data in files.items():
        part = MemoryFile()
        part.write(0, [data[:500]])
        part.write(600, [data[600:700]])
        identity = path, len(data), 7, sha256(data).digest()
        far.ear.disk.partial[identity] = part
    far.call(CallPhase.GATHER)
    assert far.script.states()[-1].holds
    assert not far.script.states()[-1].held
    far.manifest()
    far.run(0.1)
    far.call(CallPhase.OFFER)
    state = far.script.states()[-1]
    assert state.wants == (range(count),)
    # Twenty do not fit into an answer beyond the link.
    assert state.held == (((0, 500),) if count == 1 else ())
    far.call(CallPhase.SEND)
    assert not far.script.states()[-1].held


def test_interfaces_can_change() -> None:
    stage = called()
    stage.ear.pull.update_interfaces([Interface("eth0", 1)])
    assert stage.ear.pull._setting.links[1].name == "eth0"


def test_a_sender_that_ends_before_it_is_known_is_asked_no_more() -> None:
    stage = Play(manifest_of({}))
    stage.script.answers_joins = False
    stage.sender.do(lambda core, now: core.norm.start(now=now))
    stage.run(0.01)
    assert stage.script.joins() == 1
    key = SenderKey(stage.sender.origin, 7, 1)
    stage.ear.pull._happened(SenderEnded(key), 0.01)
    stage.run(2.0)
    assert stage.script.joins() == 1
    assert not stage.ear.saw(Joined)


def test_streams_and_commands_are_nothing_to_a_member() -> None:
    stage = called()
    stage.sender.do(lambda core, now: core.norm.command(b"hello", now=now))
    stage.run(0.5)
    assert stage.ear.pull.dropped["norm-CommandReceived"] >= 1
