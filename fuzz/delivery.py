"""What a delivery reads of strangers: words, manifests with their names, seals."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.names import clashes, unsafe, unsafe_target
from groupwire.deliver.wire.manifest import decode_manifest, encode_manifest
from groupwire.deliver.wire.ranges import ranges_of
from groupwire.deliver.wire.seals import (
    Seal,
    decode_seals,
    encode_seals,
    parse_part,
    part_info,
)
from groupwire.deliver.wire.speech import decode_word, encode_word
from groupwire.deliver.words import (
    Bye,
    Call,
    CallPhase,
    Failure,
    Join,
    MemberPhase,
    Receipt,
    Signed,
    State,
    Word,
)
from groupwire.errors import DecodeError

from .mutation import Corpus

__all__ = ["DELIVERY_TARGETS", "CodecTarget"]

_UNCUT = 1 << 20
_DIGEST = bytes(range(32))
_FAILED = tuple(Failure(n, "disk-full") for n in range(300))
_WORDS: Sequence[Word] = (
    Call(1, 2, 3, CallPhase.GATHER, 4, 5, "photos"),
    Call(1, 2, 3, CallPhase.OFFER, 4, None, "\xe9\U0001f600"),
    State(1, 2, MemberPhase.TAKING, True, 3, 4, (range(4), range(7, 8)), "why"),
    State(1, 2, MemberPhase.REFUSED, reason="busy"),
    Join(2),
    Receipt(1, 2, 3, 1, 4, 5, _DIGEST, _FAILED[:2], more=True),
    Signed(1, again=True),
    Bye(1, "over"),
)
_LARGE_WORDS: Sequence[Word] = (
    State(1, 2, MemberPhase.TAKING, wants=ranges_of(range(0, 3000, 2))),
    Receipt(1, 2, 3, 1, 4, 5, _DIGEST, _FAILED),
)
_ENTRIES = (
    Entry("d", Kind.DIRECTORY, 0, 0o755, 1),
    Entry("d/a", Kind.FILE, 3, 0o644, 1_700_000_000_000_000_000, _DIGEST),
    Entry("d/\xe9", Kind.FILE, None, 0o600, -1),
    Entry("d/l", Kind.LINK, target="../d/a"),
    Entry("D/A", Kind.FILE),
)
_MANY = tuple(Entry(f"d/{n}", sha256=_DIGEST) for n in range(100))
_SEALS = Seal(1, 2, _DIGEST, 3), Seal(4, None, None, 0), Seal(5, None, _DIGEST, 1 << 40)


class CodecTarget:
    """What is read can be written and read again, and nothing else happens."""

    variants, inputs, remembers = 1, 4096, False

    def __init__(
        self, name: str, corpus: Corpus, read: Callable[[bytes], None]
    ) -> None:
        self.name = name
        self._corpus = corpus
        self._read = read

    def corpus(self, variant: int) -> Corpus:  # noqa: ARG002
        return self._corpus

    def start(self, variant: int) -> Callable[[bytes], tuple[Callable[[], None]]]:  # noqa: ARG002
        return lambda data: (partial(self._take, data),)

    def _take(self, data: bytes) -> None:
        with suppress(DecodeError):
            self._read(data)


def _word(data: bytes) -> None:
    word = decode_word(data)
    _same(word, decode_word(encode_word(word, _UNCUT)))
    decode_word(encode_word(word))


def _manifest(data: bytes) -> None:
    # Mutated before it is packed: else hardly anything would come through zlib.
    manifest = decode_manifest(zlib.compress(data, 1))
    _same(manifest, decode_manifest(encode_manifest(manifest)))
    for entry in manifest.entries:
        if unsafe(entry.path) is None:
            unsafe_target(entry.path, entry.target)
    clashes(manifest.entries)


def _packed(data: bytes) -> None:
    decode_manifest(data)


def _seals(data: bytes) -> None:
    part = parse_part(data)
    if part is not None and part_info(*part) != data:
        raise AssertionError(f"{data!r} is not what {part} is written as")
    delivery, seals = decode_seals(data)
    _same((delivery, seals), decode_seals(encode_seals(delivery, seals)))


def _same(first: object, again: object) -> None:
    if first != again:
        raise AssertionError(f"{first} came back as {again}")


def _words(words: Sequence[Word]) -> list[bytes]:
    return [encode_word(word, _UNCUT) for word in words]


_PACKED = [encode_manifest(Manifest(1, "d", e)) for e in ((), _ENTRIES, _MANY)]
_PLAIN = [zlib.decompress(data) for data in _PACKED]

DELIVERY_TARGETS = (
    CodecTarget("words", Corpus(_words(_WORDS), _words(_LARGE_WORDS)), _word),
    CodecTarget("manifest", Corpus(_PLAIN[:2], _PLAIN[2:]), _manifest),
    CodecTarget("packed-manifest", Corpus(_PACKED[:2], _PACKED[2:]), _packed),
    CodecTarget(
        "seals",
        Corpus(
            [encode_seals(1, _SEALS), encode_seals(2, ()), part_info(3, 17)],
            [encode_seals(1, _SEALS * 100)],
        ),
        _seals,
    ),
)
