"""Whole packets of 188 bytes out of bytes in any portions."""

from __future__ import annotations

from groupwire.probe.sequence.continuity import TS_BYTES, TS_SYNC

__all__ = ["TsFramer", "is_transport"]

_SURE = 3
"""Sync bytes at their distance from each other that make a beginning certain."""
_SURE_BYTES = (_SURE - 1) * TS_BYTES + 1
_GOES_ON = (b"", bytes((TS_SYNC,)))


def is_transport(data: bytes) -> bool:
    """Tell whether this is a row of whole packets and nothing else."""
    if not data or len(data) % TS_BYTES:
        return False
    syncs = data[::TS_BYTES]
    return syncs.count(TS_SYNC) == len(syncs)


class TsFramer:
    """Finds where packets begin, and again after damage."""

    def __init__(self) -> None:
        self._rest = b""
        self._found = False
        self.skipped_bytes = 0
        """What belongs to no packet."""

    def feed(self, data: bytes) -> bytes:
        """Return the whole packets that there are now, one behind the other."""
        self._rest = self._rest + data if self._rest else data
        rows: list[bytes] = []
        while self._found or self._hunt():
            row = _row(self._rest)
            rows.append(row)
            self._rest = self._rest[len(row) :]
            self._found = self._rest[:1] in _GOES_ON
            if self._found:  # with the beginning of a packet
                break
        return b"".join(rows)

    def end(self) -> bytes:
        """Return what is a packet though nothing stands behind it; the rest is not."""
        row = _row(self._rest)
        self.skipped_bytes += len(self._rest) - len(row)
        self._rest = b""
        return row

    def _hunt(self) -> bool:
        """Drop what is before the place where packets surely begin, or perhaps."""
        data = self._rest
        at = data.find(TS_SYNC)
        while at >= 0:
            syncs = data[at : at + _SURE_BYTES : TS_BYTES]
            if syncs.count(TS_SYNC) == len(syncs):
                self._found = len(syncs) == _SURE
                break
            at = data.find(TS_SYNC, at + 1)
        skipped = len(data) if at < 0 else at
        self.skipped_bytes += skipped
        self._rest = data[skipped:]
        return self._found


def _row(data: bytes) -> bytes:
    """Return the whole packets at the beginning, up to the first that is none."""
    whole = data[: len(data) - len(data) % TS_BYTES]
    syncs = whole[::TS_BYTES]
    if syncs.count(TS_SYNC) == len(syncs):
        return whole
    good = next(n for n, sync in enumerate(syncs) if sync != TS_SYNC)
    return whole[: good * TS_BYTES]
