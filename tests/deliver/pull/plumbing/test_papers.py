from groupwire.deliver.pull.plumbing.papers import Papers, Room
from groupwire.norm import LATER, ObjectFlag, ObjectOffer
from groupwire.norm.receive.sink import MemorySink


def offer(number: int, size: int) -> ObjectOffer:
    return ObjectOffer(7, 1, number, size, ObjectFlag.INFO, b"gw-seal")


def test_papers_take_room_while_they_come() -> None:
    room = Room(100)
    papers = Papers(room)
    sink = papers.open(offer(1, 60), 80)
    assert isinstance(sink, MemorySink)
    sink.write(0, [b"seals"])
    assert papers.open(offer(2, 60), 80) is LATER
    assert papers.take(1) == b"seals"
    assert papers.take(1) is None
    assert isinstance(papers.open(offer(2, 60), 80), MemorySink)
    assert isinstance(papers.open(offer(2, 60), 80), MemorySink)
    papers.close_all()
    assert room.left_bytes == 100


def test_papers_larger_than_they_may_be_are_not_taken() -> None:
    assert Papers(Room(1000)).open(offer(1, 81), 80) is None
