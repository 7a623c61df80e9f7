"""Manifest, files, parts and seals on their way, one behind the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from groupwire.deliver.push.cargo.feed import Feed
from groupwire.deliver.push.cargo.files import Files
from groupwire.deliver.push.cargo.offer import Offer
from groupwire.deliver.push.cargo.sealing import Sealing
from groupwire.deliver.push.events import FileChanged, PushEvent
from groupwire.deliver.shelf import Shelf
from groupwire.deliver.wire.manifest import MANIFEST_INFO, encode_manifest
from groupwire.deliver.wire.seals import SEAL_INFO, Seal, encode_seals, part_info
from groupwire.errors import MessageTooLarge, UsageError
from groupwire.norm import ObjectFlag, Sender, Source

__all__ = ["AHEAD_BYTES", "AHEAD_OBJECTS", "Sending"]

AHEAD_OBJECTS = 64
"""Files that are open and wait to be sent, at most."""
AHEAD_BYTES = 8 << 20
"""And what they have, but for the next one."""
_NUMBERS = 0xFFFF
_FRESH_S = 1.0
_NO_FLAGS = ObjectFlag(0)


@dataclass(frozen=True, slots=True)
class _Live:
    """A file on its way."""

    object: int
    size_bytes: int
    begun_at: float
    source: Source

    def seal(self, entry: int, sha256: bytes | None) -> Seal:
        """Return its seal."""
        return Seal(entry, self.object & _NUMBERS, sha256, self.size_bytes)


class Sending:
    """Hands objects to NORM's sender as far as there is room."""

    def __init__(
        self,
        sender: Sender,
        files: Files,
        shelf: Shelf,
        held_by_all: Callable[[int], int],
    ) -> None:
        self.sender = sender
        self.files = files
        self.offer = Offer(files.sized)
        self.feed = None if files.unsized is None else Feed(files.unsized)
        self.events: list[PushEvent] = []
        self.handed = 0
        """Objects handed in so far."""
        self.last_sent = -1
        """The newest object that was sent once."""
        self._sent_bytes = 0
        """Of the files, sent as a whole."""
        self.wanted_bytes = 0
        """Of the files that somebody wants, as their sizes were then."""
        self.renewed = False
        """Whether a file that was sent more than once has a digest again."""
        self._shelf = shelf
        self._held_by_all = held_by_all
        self._sealing = Sealing()
        self._manifest: int | None = None
        self._begun = self._blocked = self._feed_sealed = False
        self._repeated: set[int] = set()
        """Files that are sent more than once."""
        self._opened: Source | None = None
        """The next file, for which there was no room."""
        self._skip_bytes = 0
        """Of it, what nobody lacks."""
        self._early: tuple[bytes | None, int] | None = None
        """What was found in it, before it was on its way."""
        self._entries: dict[int, int] = {}
        """Entries by object, as long as it is kept."""
        self._live: dict[int, _Live] = {}
        """By entry: the newest object of each."""
        self._unsent: dict[int, int] = {}
        """Sizes of what was handed in and is not sent."""
        self._undigested: set[int] = set()
        self._leaving: set[int] = set()
        """Of these, what NORM keeps no more: to be closed when the digest is there."""

    @property
    def idle(self) -> bool:
        """Whether all that is to be sent has been."""
        waits = self.offer or self._unsent or self._undigested or self._sealing
        fed = self.feed is None or self._feed_sealed
        return self._begun and fed and not waits

    @property
    def deadline(self) -> float | None:
        """When seals have waited long enough."""
        return self._sealing.deadline if self._begun and not self._blocked else None

    def begin(self, now: float) -> None:
        """Send the manifest, and from now on what is offered."""
        self._begun = True
        self._sealing.tell(self.files)
        self.pump(now)

    def want(self, wants: tuple[range, ...] | None) -> None:
        """Send what somebody lacks; None is everything."""
        new = self.offer.want(wants)
        self.wanted_bytes += sum(map(self.files.size, new))

    @property
    def sent_bytes(self) -> int:
        """Of the files, what has been sent for the first time."""
        first = (o for o in self._unsent if self._is_first(o))
        return self._sent_bytes + sum(self.sender.sent_bytes(o) or 0 for o in first)

    @property
    def total_bytes(self) -> int | None:
        """What has to be sent of all files, None as long as that is not known."""
        if self.feed is None:
            return self.wanted_bytes
        return self.wanted_bytes + self.feed.size_bytes if self.feed.ended else None

    def pump(self, now: float) -> None:
        """Hand in what there is room for."""
        while self._begun and not self._blocked and self._step(now):
            pass

    def close(self) -> None:
        """Let go of all files."""
        self._begun = False
        for entry in self._live:
            self._shelf.close(entry)
        self._drop_opened()
        self._live.clear()

    # What has happened.

    def digested(
        self, entry: int, sha256: bytes | None, size_bytes: int, *, now: float
    ) -> None:
        """Take in what a file had that is sent; None where it changed meanwhile.

        It can change when it has its digest, too: what is repaired is read again.
        """
        live = self._live.get(entry)
        if live is not None and sha256 is None:
            if self._is_opened(entry):
                self._drop_opened()
            self._void(live.seal(entry, None), now)
            self.pump(now)
        elif self._is_opened(entry):
            self._early = sha256, size_bytes
        elif entry in self._undigested:
            self._judge(entry, sha256, size_bytes, now)
            self.pump(now)

    def unreadable(self, entry: int, *, now: float) -> None:
        """Give up a file that cannot be read."""
        if self._is_opened(entry):
            self._drop_opened()
        self._give_up(entry, now)
        self.pump(now)

    def sent(self, object_: int) -> None:
        """Note that NORM has sent an object once."""
        self.last_sent = object_
        size = self._unsent.pop(object_, 0)
        if self._is_first(object_):
            self._sent_bytes += size

    def purged(self, object_: int) -> None:
        """Note that NORM keeps an object no more."""
        self._unsent.pop(object_, None)
        self._sealing.purged(object_)
        if object_ == self._manifest:
            self._manifest = None
        entry = self._entries.pop(object_, None)
        live = None if entry is None else self._live.get(entry)
        if entry is None or live is None or live.object != object_:
            return
        if entry in self._undigested:
            self._leaving.add(entry)
        else:
            del self._live[entry]
            self._shelf.close(entry)

    def release(self, object_: int, now: float) -> None:
        """Keep the parts of a feed no more, up to an object: all have them."""
        gone = self.feed.release(object_) if self.feed is not None else []
        for number in gone:
            self.sender.cancel(number, now=now)

    def room_freed(self, now: float) -> None:
        """Go on: NORM has room again."""
        self._blocked = False
        self.pump(now)

    def again(self, entries: Iterable[int]) -> None:
        """Send files once more."""
        wanted = sorted(entries)
        self._repeated.update(wanted)
        self.offer.again(wanted)

    def is_fresh(self, entry: int, now: float) -> bool:
        """Return whether a file has just been begun once more."""
        live = self._live.get(entry)
        fresh = live is not None and now - live.begun_at < _FRESH_S
        return fresh and entry in self._repeated

    def is_coming(self, entry: int) -> bool:
        """Return whether a file is still to be sent, or its seal."""
        if entry in self.offer or entry in self._undigested:
            return True
        live = self._live.get(entry)
        return live is not None and live.object in self._unsent

    @property
    def repeats(self) -> bool:
        """Return whether a file was sent more than once, or has to be."""
        return bool(self._repeated)

    @property
    def is_repeating(self) -> bool:
        """Return whether one of these is still to be sent, or its seal."""
        return any(map(self.is_coming, self._repeated))

    # How it is done.

    def _step(self, now: float) -> bool:
        """Hand in what comes next; False if there is nothing or no room."""
        if self._manifest is None:
            data = encode_manifest(self.files.manifest())
            self._manifest = self._put(data, MANIFEST_INFO, now)
            return self._manifest is not None
        if seals := self._sealing.take(now=now, last=self._is_last):
            return self._send_seals(seals, now)
        steps: tuple[Callable[[float], bool], ...]
        steps = (self._send_part, self._send_file, self._seal_again)
        return any(step(now) for step in steps)

    def _is_opened(self, entry: int) -> bool:
        return self._opened is not None and self.offer.next == entry

    def _drop_opened(self) -> None:
        """Close the next file, unless it is on its way as an object before."""
        if self._opened is not None and self.offer.next not in self._live:
            self._shelf.close(self.offer.next)
        self._opened = self._early = None

    def _is_first(self, object_: int) -> bool:
        """Return whether it is of a file that was not sent before."""
        entry = self._entries.get(object_)
        return entry is not None and entry not in self._repeated

    @property
    def _is_last(self) -> bool:
        return not self.offer and not self._undigested

    def _send_seals(self, seals: tuple[Seal, ...], now: float) -> bool:
        data = encode_seals(self.files.delivery, seals)
        object_ = self._put(data, SEAL_INFO, now)
        if object_ is None:
            return False
        self._sealing.sent(object_, seals)
        return True

    def _send_part(self, now: float) -> bool:
        feed = self.feed
        if feed is None or self._feed_sealed:
            return False
        part = feed.next_part()
        if part:
            object_ = self._put(part, part_info(feed.entry, feed.parts), now)
            if object_ is not None:
                feed.sent(object_, len(part))
                self._entries[object_] = feed.entry
            return object_ is not None
        if feed.done:
            self._feed_sealed = True
            self.files.know(feed.entry, feed.sha256, feed.size_bytes)
            seal = Seal(feed.entry, None, feed.sha256, feed.size_bytes)
            self._sealing.add(seal, now=now)
        return feed.done

    def _send_file(self, now: float) -> bool:
        if not self.offer or not self._has_room_ahead:
            return False
        entry = self.offer.next
        source = self._opened or self._open(entry, now)
        if source is None:
            return True
        path = self.files.path(entry).encode()
        try:
            object_ = self._put(source, path, now, skip_bytes=self._skip_bytes)
        except MessageTooLarge:
            self._opened = source
            self.unreadable(entry, now=now)
            return True
        self._opened = source
        if object_ is not None:
            self._launch(entry, _Live(object_, source.size_bytes, now, source), now)
        return object_ is not None

    def _launch(self, entry: int, live: _Live, now: float) -> None:
        """Note that a file is on its way."""
        again, early = entry in self._live, self._early
        self._opened = self._early = None
        self.offer.sent()
        self._entries[live.object] = entry
        self._live[entry] = live
        if again and entry not in self._undigested:
            early = self.files.digest(entry), live.size_bytes
        self._undigested.add(entry)
        if early is not None:
            self._judge(entry, *early, now)

    def _judge(
        self, entry: int, sha256: bytes | None, size_bytes: int, now: float
    ) -> None:
        """Seal what was sent of a file, or take it back."""
        self._undigested.remove(entry)
        live = self._live[entry]
        if entry in self._leaving:
            self._leaving.remove(entry)
            del self._live[entry]
            self._shelf.close(entry)
        if sha256 is None or live.size_bytes != size_bytes:
            self._void(live.seal(entry, None), now)
            return
        self.files.know(entry, sha256, size_bytes)
        self.renewed |= entry in self._repeated
        self._sealing.add(live.seal(entry, sha256), now=now)

    @property
    def _has_room_ahead(self) -> bool:
        few = len(self._unsent) < AHEAD_OBJECTS
        small = sum(self._unsent.values()) < AHEAD_BYTES
        return few and (small or len(self._unsent) < 2)

    def _open(self, entry: int, now: float) -> Source | None:
        self._skip_bytes = 0
        if entry in self._live:
            return self._live[entry].source
        if entry not in self._repeated:
            self._skip_bytes = self._held_by_all(entry)
        try:
            return self._shelf.open(entry, self._skip_bytes)
        except OSError:
            self._give_up(entry, now)
            return None

    def _let_go(self, entry: int, now: float) -> None:
        """Keep what was sent of a file no more: it is sent anew."""
        live = self._live.pop(entry, None)
        self._undigested.discard(entry)
        self._leaving.discard(entry)
        if live is not None:
            self._unsent.pop(live.object, None)
            self.sender.cancel(live.object, now=now)
            self._shelf.close(entry)

    def _void(self, seal: Seal, now: float) -> None:
        """Take back what was sent of a file, and send it again or give it up."""
        entry = seal.entry
        if self.files.fail(entry):
            self._give_up(entry, now)
            return
        # At once: what is no longer in the file would be waited for, by all behind it.
        self._let_go(entry, now)
        self._repeated.add(entry)
        self._sealing.add(seal, now=now)
        self.events.append(FileChanged(self.files.path(entry), gave_up=False))
        self.offer.again([entry])

    def _give_up(self, entry: int, now: float) -> None:
        self.files.fail(entry, for_good=True)
        self.offer.drop(entry)
        self._let_go(entry, now)
        self._sealing.add(Seal(entry, None, None, 0), now=now)
        self.events.append(FileChanged(self.files.path(entry), gave_up=True))

    def _seal_again(self, now: float) -> bool:
        """Say seals once more that are kept no more, when all else is said."""
        return self._is_last and self._sealing.again(self.files, now=now)

    def _put(
        self,
        source: Source | bytes,
        info: bytes,
        now: float,
        *,
        skip_bytes: int = 0,
    ) -> int | None:
        """Hand an object in; None where there is no room, until RoomFreed."""
        flags = _NO_FLAGS if isinstance(source, bytes) else ObjectFlag.FILE
        try:
            object_ = self.sender.send_object(
                source, now=now, info=info, flags=flags, skip_bytes=skip_bytes
            )
        except MessageTooLarge:
            raise
        except UsageError:
            self._blocked = True
            return None
        self.handed += 1
        size = len(source) if isinstance(source, bytes) else source.size_bytes
        self._unsent[object_] = size
        return object_
