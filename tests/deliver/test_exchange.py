from random import Random
from typing import Any

import pytest
from tests.deliver.exchange import Exchange, content

from groupwire.deliver.push import FileChanged, MemberFailed, ReceiptReceived
from groupwire.deliver.push.cargo.feed import PARTS_KEPT
from groupwire.deliver.report import ReceiptStatus
from groupwire.deliver.wire.seals import PART_BYTES
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import (
    Bye,
    Call,
    CallPhase,
    MemberPhase,
    Receipt,
    Signed,
    State,
    Word,
)
from groupwire.gather import Kind, Tagged
from groupwire.testing import Faults
from groupwire.values import Origin, Transmit

SEEDS = range(2)
FILES = {
    "top.txt": content(1, 3_000),
    "d/": b"",
    "d/big.bin": content(2, 100_000),
    "d/small": b"x",
    "empty": b"",
}
BIG = {"big": content(5, 500_000)}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("first", [0, 16 << 20])
def test_everybody_has_everything_without_loss(seed: int, first: int) -> None:
    exchange = Exchange(seed, FILES, digest_first_bytes=first)
    exchange.members(3)
    report = exchange.play(30)
    assert report.complete
    assert report.delivered == ("m0", "m1", "m2")
    assert all(r.status is ReceiptStatus.VERIFIED for r in report.receipts)
    assert all(map(exchange.has_all, exchange.ears))
    assert all(ear.report.signed for ear in exchange.ears.values())
    assert exchange.lab.clock.now < 2.0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("coalesce", [False, True])
def test_everybody_has_everything_with_loss(seed: int, coalesce: bool) -> None:
    exchange = Exchange(seed, FILES, coalesce=coalesce, expect=3)
    for number in range(3):
        exchange.member(f"m{number}", up=Faults(loss=0.05), down=Faults(loss=0.05))
    report = exchange.play(60)
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
def test_one_member_with_much_loss_gets_all(seed: int) -> None:
    exchange = Exchange(seed, FILES, expect={"m0", "m1", "bad"})
    exchange.members(2)
    exchange.member("bad", up=Faults(loss=0.3), down=Faults(loss=0.3))
    report = exchange.play(60)
    assert report.complete
    assert exchange.has_all("bad")
    assert exchange.receipt("bad").lost > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_who_comes_late_is_served(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5)
    exchange.members(2)
    exchange.start()
    exchange.run(1.2)
    exchange.member("late")
    report = exchange.end()
    assert report.complete
    assert report.delivered == ("m0", "m1", "late")
    assert exchange.has_all("late")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_member_that_was_killed_gets_only_what_it_lacks(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect={"m0", "m1"})
    exchange.members(2)
    exchange.start()
    exchange.run(1.2)
    ear = exchange.ears["m1"]
    had = ear.pull.progress(now=exchange.lab.clock.now).bytes_have
    ear.restart(node=500)
    report = exchange.end()
    assert report.complete
    assert report.delivered == ("m0", "m1")
    assert exchange.has_all("m1")
    assert had > 100_000
    total = len(BIG["big"])
    assert report.bytes_sent < total * 1.2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sender_that_was_killed_is_left_for_the_new_one(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.2)
    exchange.restart()
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))
    assert [r.signed for r in exchange.ears["m0"].reports] == [True]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_all_have_of_a_file_is_not_sent_by_the_next_push(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2, digest_first_bytes=1 << 30)
    exchange.members(2, down=Faults(loss=0.01))
    exchange.start()
    exchange.run(1.2)
    had = _killed(exchange)
    exchange.restart()
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))
    assert had > 100_000
    assert report.bytes_sent < (len(BIG["big"]) - had) * 1.3
    assert exchange.shelf.skipped[list(BIG).index("big")] > 100_000


@pytest.mark.parametrize("seed", SEEDS)
def test_who_has_nothing_of_it_gets_all(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2, digest_first_bytes=1 << 30)
    exchange.members(2)
    exchange.start()
    exchange.run(1.2)
    _killed(exchange)
    exchange.ears["m1"].disk.partial.clear()
    exchange.restart()
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))
    assert report.bytes_sent < len(BIG["big"]) * 1.3


def _killed(exchange: Exchange) -> int:
    """Kill all that receive, start them anew; return what the last of them had."""
    exchange.sender.crash()
    had: list[int] = []
    for number, ear in enumerate(exchange.ears.values()):
        had.append(sum(file.have_bytes for file in ear.disk.partial.values()))
        ear.restart(node=500 + number)
    return min(had)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_partition_that_heals_costs_nothing_but_time(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    member = exchange.ears["m1"].member
    assert member is not None
    member.cut()
    exchange.run(4.0)
    member.cut(up=False, down=False)
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_member_that_stays_away_is_named_and_ends_by_itself(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    member = exchange.ears["m1"].member
    assert member is not None
    member.cut()
    report = exchange.end()
    assert report.delivered == ("m0",)
    assert report.missing == ("m1",)
    assert exchange.ears["m1"].report.reason == "sender gone"


@pytest.mark.parametrize("seed", SEEDS)
def test_members_of_one_name_are_told_apart(seed: int) -> None:
    exchange = Exchange(seed, FILES)
    exchange.member("same")
    exchange.member("same")
    report = exchange.play()
    assert len(report.receipts) == 2
    assert all(r.status is ReceiptStatus.VERIFIED for r in report.receipts)
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
def test_two_senders_of_one_name_are_taken_part_in_both(seed: int) -> None:
    exchange = Exchange(seed, FILES)
    exchange.member("m0", count=2)
    other = exchange.second({"other": content(9, 50_000)})
    exchange.start()
    other.do(lambda core, now: core.start(now=now))
    report = exchange.end()
    assert report.complete
    assert exchange.has_all("m0")
    assert exchange.ears["m0"].disk.disk["other"] == content(9, 50_000)
    assert [r.complete for r in exchange.ears["m0"].reports] == [True, True]


@pytest.mark.parametrize("seed", SEEDS)
def test_where_every_feedback_is_lost_nobody_is_called_delivered(seed: int) -> None:
    exchange = Exchange(seed, FILES, expect=1)
    exchange.member("mute", up=Faults(loss=1.0), down=Faults(loss=0.02))
    exchange.start()
    exchange.run(120.0)
    assert exchange.push.finished
    assert exchange.report.delivered == ()
    assert exchange.report.missing_count == 1
    # Without a manifest it was no delivery: the next sender may come.
    assert not exchange.ears["mute"].reports
    assert not exchange.ears["mute"].pull.finished


@pytest.mark.parametrize("seed", [0])
def test_two_hundred_members_sign(seed: int) -> None:
    exchange = Exchange(seed, {"f": content(3, 8_000), "g": content(4, 3_000)})
    exchange.members(200, down=Faults(loss=0.02))
    report = exchange.play()
    assert len(report.delivered) == 200
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("first", [0, 16 << 20])
def test_a_thousand_small_files_arrive(first: int) -> None:
    files = {f"d{n % 7}/{n}": content(n, 30 + n % 50) for n in range(1000)}
    exchange = Exchange(4, files, digest_first_bytes=first, rate=5e6)
    exchange.members(2, down=Faults(loss=0.02))
    report = exchange.play()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("first", [0, 16 << 20])
def test_a_file_that_changes_while_it_is_sent_comes_as_it_is_then(
    seed: int, first: int
) -> None:
    new = content(8, 90_000)
    exchange = Exchange(seed, FILES, changes={2: [new]}, digest_first_bytes=first)
    exchange.members(2, down=Faults(loss=0.02))
    report = exchange.play()
    assert report.complete
    assert exchange.ears["m0"].disk.disk["d/big.bin"] == new


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_that_never_stands_still_is_given_up(seed: int) -> None:
    changes = {2: [content(n, 100_000) for n in range(10, 20)]}
    exchange = Exchange(seed, FILES, changes=changes, digest_first_bytes=0)
    exchange.members(2)
    report = exchange.play()
    assert not report.complete
    assert exchange.ears["m0"].settled()["d/big.bin"] == ("failed", "changed")
    assert exchange.ears["m0"].disk.disk["top.txt"] == FILES["top.txt"]


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_bits_on_one_disk_are_mended(seed: int) -> None:
    exchange = Exchange(seed, FILES)
    exchange.members(2)
    exchange.ears["m1"].disk.spoilt["d/big.bin"] = 1
    report = exchange.play()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [0, 5, 100_000])
def test_a_file_of_unknown_length_arrives(seed: int, size: int) -> None:
    data = content(6, size)
    exchange = Exchange(seed, {"-": data}, unknown=["-"])
    exchange.members(2, down=Faults(loss=0.01))
    exchange.start()
    exchange.feed(data)
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


def test_two_parts_of_a_file_of_unknown_length_arrive() -> None:
    data = content(6, PART_BYTES + 10)
    exchange = Exchange(0, {"-": data}, unknown=["-"], rate=2e7)
    exchange.members(1)
    exchange.start()
    exchange.feed(data)
    assert exchange.end().complete
    assert exchange.has_all("m0")


def test_a_stream_may_be_longer_than_what_the_sender_keeps() -> None:
    data = bytes((PARTS_KEPT + 3) * PART_BYTES + 10)
    exchange = Exchange(0, {"-": data}, unknown=["-"], rate=1e8)
    exchange.members(2)
    exchange.start()
    exchange.feed(data)
    assert exchange.end(60).complete
    assert exchange.has_all("m0")
    assert exchange.has_all("m1")


def test_where_nobody_is_there_it_ends_and_nothing_is_delivered() -> None:
    exchange = Exchange(0, FILES)
    report = exchange.play()
    assert not report.complete
    assert report.delivered == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_full_disk_and_a_veto_are_told_to_the_sender(seed: int) -> None:
    exchange = Exchange(seed, FILES)
    exchange.members(2)
    exchange.ears["m0"].disk.full.add("d/big.bin")
    exchange.ears["m1"].disk.refused["top.txt"] = "vetoed"
    report = exchange.play()
    assert report.delivered == ()
    failed = {r.member: [(f.path, f.reason) for f in r.failed] for r in report.receipts}
    assert failed == {
        "m0": [("d/big.bin", "disk-full")],
        "m1": [("top.txt", "vetoed")],
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_what_all_have_is_not_sent_again(seed: int) -> None:
    exchange = Exchange(seed, FILES)
    exchange.members(2)
    for ear in exchange.ears.values():
        ear.disk.disk.update({p: d for p, d in FILES.items() if p[-1] != "/"})
    report = exchange.play()
    assert report.complete
    assert [r.unchanged for r in report.receipts] == [4, 4]
    assert report.bytes_sent < 5_000


@pytest.mark.parametrize("seed", SEEDS)
def test_forged_words_and_objects_change_nothing(seed: int) -> None:
    exchange = Exchange(seed, FILES, expect=2)
    exchange.members(2)
    exchange.start()
    forger = exchange.lab.rng("forger")
    for turn in range(60):
        exchange.run(0.005)
        origin = Origin("10.9.9.9", 4000 + turn % 3)
        exchange.lab.inject(forgery(exchange, forger), origin)
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


def forgery(exchange: Exchange, rng: Random) -> bytes:
    """Return what somebody says who has heard all and is at another address."""
    delivery = exchange.delivery if rng.random() < 0.7 else rng.getrandbits(64)
    kind = Kind.MESSAGE
    word: Word = Bye(delivery, "forged")
    match rng.randrange(5):
        case 0:
            kind = Kind.QUESTION
            word = Call(delivery, 1, 1, CallPhase.GATHER, 1, 1)
        case 1:
            kind = Kind.ANSWER
            word = Signed(delivery)
        case 2:
            kind = Kind.QUESTION
            files = rng.randrange(5)
            word = Receipt(delivery, 100, files, 0, 5, 0, rng.randbytes(32))
        case 3:
            kind = Kind.ANSWER
            word = State(delivery, 101, MemberPhase.DONE)
        case _:
            pass
    return Tagged(kind, rng.getrandbits(64), encode_word(word), name="m0").encode()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_member_that_stood_still_for_five_seconds_goes_on(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    member = exchange.ears["m1"].member
    assert member is not None
    member.pause()
    exchange.run(5.0)
    member.resume()
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_norm_says_in_a_forgers_packets_changes_nothing(seed: int) -> None:
    exchange = Exchange(seed, FILES, expect=2)
    exchange.members(2)
    exchange.start()
    rng = exchange.lab.rng("forger")
    origin = Origin("10.9.9.9", 4000)
    carry = exchange.lab.carry

    def replay(member: Any, transmit: Transmit) -> None:
        carry(member, transmit)
        if member is exchange.sender and transmit.to is None and rng.random() < 0.3:
            data = bytearray(transmit.data)
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            exchange.lab.inject(bytes(data), origin)
            exchange.lab.inject(rng.randbytes(rng.randrange(200)), origin)

    exchange.lab.carry = replay  # type: ignore[method-assign]
    report = exchange.end()
    assert report.complete
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_receipt_that_came_too_early_is_signed_a_little_later(seed: int) -> None:
    exchange = Exchange(seed, {"f": content(1, 3_000)}, expect=2)
    for number in range(2):
        exchange.member(f"m{number}", up=Faults(loss=0.4, burst=4.0))
    report = exchange.play()
    assert report.complete
    assert report.elapsed_s < 12


def test_a_member_that_is_told_to_end_says_so() -> None:
    exchange = Exchange(1, BIG, expect=["m0", "m1"], rate=5e5)
    exchange.members(2)
    exchange.start()
    exchange.run(0.5)
    member = exchange.ears["m1"].member
    assert member is not None
    member.do(lambda core, now: core.stop(now=now))
    report = exchange.end(60)
    assert [(e.member, e.reason) for e in _failures(exchange)] == [("m1", "left")]
    assert report.missing == ("m1",)
    assert exchange.receipt("m1").reason == "left"


def test_who_comes_after_one_that_left_has_its_name_and_place() -> None:
    exchange = Exchange(1, BIG, expect=["m0", "m1"], rate=5e5)
    exchange.members(2)
    exchange.start()
    exchange.run(0.5)
    member = exchange.ears.pop("m1").member
    assert member is not None
    member.do(lambda core, now: core.stop(now=now))
    exchange.run(0.05)
    exchange.member("m1")
    assert exchange.end(30).delivered == ("m0", "m1")


def test_who_leaves_the_roll_call_is_waited_for_anew() -> None:
    exchange = Exchange(1, FILES, expect=["m0", "m1", "m2"])
    exchange.members(2)
    exchange.start()
    exchange.run(0.3)
    member = exchange.ears.pop("m1").member
    assert member is not None
    member.do(lambda core, now: core.stop(now=now))
    exchange.run(0.3)
    exchange.member("m1")
    exchange.member("m2")
    assert exchange.end(30).complete


def _failures(exchange: Exchange) -> list[MemberFailed]:
    return [e for e in exchange.events if isinstance(e, MemberFailed)]


def half_signed(seed: int, changed: bytes) -> Exchange:
    """Return a push whose file changes when m0 has signed, and m1 still lacks of it."""
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    member = exchange.ears["m1"].member
    assert member is not None
    member.cut()
    exchange.run(3.0)
    assert [r.signed for r in exchange.ears["m0"].reports] == [True]
    change(exchange, changed)
    member.cut(up=False, down=False)
    return exchange


def change(exchange: Exchange, *versions: bytes, number: int = 0) -> None:
    """Let a file be something else, as its shelf notices when it reads it again."""
    exchange.changes = {**(exchange.changes or {}), number: versions}
    exchange.shelf._files[number] = versions[-1]
    size = len(versions[-1])
    exchange.sender.do(
        lambda core, now: core.handle_digest(number, None, size, changed=True, now=now)
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_of_two_versions_of_a_file_only_one_is_called_delivered(seed: int) -> None:
    exchange = half_signed(seed, content(9, 400_000))
    report = exchange.end(60)
    assert report.delivered == ("m1",)
    assert report.missing == ("m0",)
    assert exchange.ears["m1"].disk.disk == {"big": content(9, 400_000)}
    receipt = exchange.receipt("m0")
    assert (receipt.status, receipt.reason) == (ReceiptStatus.FAILED, "changed")
    assert receipt.sha256
    told = [e.receipt for e in exchange.events if isinstance(e, ReceiptReceived)]
    assert [(r.member, r.reason) for r in told] == [
        ("m0", ""),
        ("m0", "changed"),
        ("m1", ""),
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_who_has_not_heard_that_it_is_signed_gets_the_new_version(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    first, second = (exchange.ears[name].member for name in ("m0", "m1"))
    assert first is not None
    assert second is not None
    carry = exchange.lab.carry

    def lose(member: Any, transmit: Transmit) -> None:
        if transmit.to != first.origin:
            carry(member, transmit)

    exchange.lab.carry = lose  # type: ignore[method-assign]
    second.cut()
    exchange.run(3.0)
    assert exchange.push.report(now=exchange.lab.clock.now).delivered == ("m0",)
    new = content(9, 400_000)
    change(exchange, new)
    exchange.lab.carry = carry  # type: ignore[method-assign]
    second.cut(up=False, down=False)
    assert exchange.end(60).delivered == ("m0", "m1")
    assert all(ear.disk.disk == {"big": new} for ear in exchange.ears.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_two_files_that_change_are_one_new_version(seed: int) -> None:
    files = {"big": BIG["big"], "two": content(6, 100_000)}
    exchange = Exchange(seed, files, rate=2.5e5, digest_first_bytes=0, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    member = exchange.ears["m1"].member
    assert member is not None
    member.cut()
    exchange.run(4.0)
    change(exchange, content(9, 400_000))
    change(exchange, content(8, 100_000), number=1)
    member.cut(up=False, down=False)
    assert exchange.end(60).delivered == ("m1",)
    assert exchange.receipt("m0").reason == "changed"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_that_was_only_touched_is_sent_again_and_delivered(seed: int) -> None:
    exchange = half_signed(seed, BIG["big"])
    report = exchange.end(60)
    assert report.delivered == ("m0", "m1")
    assert all(map(exchange.has_all, exchange.ears))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_that_changes_when_it_is_sealed_is_sent_anew(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    exchange.run(1.0)
    new = content(9, 500_000)
    change(exchange, new)
    assert exchange.end(60).complete
    assert all(ear.disk.disk == {"big": new} for ear in exchange.ears.values())
    assert exchange.shelf.opened == {0: 2}
    assert exchange.shelf.closed == {0: 2}
    changes = [e for e in exchange.events if isinstance(e, FileChanged)]
    assert changes == [FileChanged("big", gave_up=False)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_that_changes_each_time_it_is_repaired_is_given_up(seed: int) -> None:
    exchange = Exchange(seed, BIG, rate=2.5e5, expect=2)
    exchange.members(2)
    exchange.start()
    for turn in range(3):
        exchange.run(0.5)
        change(exchange, *(content(n, 500_000) for n in range(9, 10 + turn)))
    report = exchange.end(60)
    assert report.delivered == ()
    assert {r.reason for r in report.receipts} == {"changed"}
    assert exchange.shelf.opened == {0: 3}
