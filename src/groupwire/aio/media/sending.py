"""A transport stream sent to a group by the stream's own clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from random import Random, SystemRandom

from groupwire.aio.config import PeerConfig
from groupwire.aio.delivery.streams import Stream, pieces_of
from groupwire.aio.media.announcing import announced, new_number, own_address
from groupwire.aio.media.playing import Inbox, Player
from groupwire.aio.opening import group_of, plan_sending
from groupwire.aio.probing.pacing import Metronome
from groupwire.errors import UsageError
from groupwire.media.rtp import RtpPacker
from groupwire.media.rtp.packet import RTP_HEADER_BYTES
from groupwire.media.session.composing import checked_name, compose
from groupwire.media.transport import Timetable
from groupwire.media.transport.pacing import PACKETS_EACH
from groupwire.net import MulticastSender
from groupwire.probe.sequence.continuity import TS_BYTES
from groupwire.values import Group, Interface

__all__ = ["FORMS", "MediaProgress", "send_media"]

FORMS = ("ts", "rtp")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProgress:
    """How far it is; the first one comes before anything is sent.

    ``sdp`` is the description that players read.
    """

    group: Group
    interfaces: tuple[Interface, ...]
    reason: str
    """Why by these."""
    form: str
    sdp: bytes
    packets: int = 0
    """Datagrams."""
    size_bytes: int = 0
    """Of the transport stream."""
    elapsed_s: float = 0.0
    behind_s: float = 0.0
    """How late the latest datagram since the one before left."""
    delayed_s: float = 0.0
    """By how much all was delayed so far: its source was late, or this machine."""
    clocked: bool = False
    """Whether the stream's own clock sets the pace, and not a rate."""
    clock_breaks: int = 0
    """How often that clock began anew."""
    skipped_bytes: int = 0
    """What was no packet of a transport stream."""
    ended: bool = False


async def send_media(  # noqa: PLR0913 - keyword-only options
    source: Stream,
    group: Group | str | None = None,
    *,
    form: str = "ts",
    name: str = "groupwire",
    announce: bool = False,
    rate: float | None = None,
    interval: float = 1.0,
    stop: asyncio.Event | None = None,
    config: PeerConfig | None = None,
) -> AsyncGenerator[MediaProgress, None]:
    """Send an MPEG transport stream, paced by its clock (PCR); yields how far it is.

    ``form`` is ``ts`` (plain, seven packets in a datagram) or ``rtp`` (the same in
    RTP). ``announce`` has players list it by ``name``. ``rate`` in bits per second is
    for a stream without a clock. It tells before it begins, every ``interval``
    seconds, and at the end, which ``stop`` brings at once.

    Raises AddressError and UsageError, also for a source that is no transport stream
    or has no clock, MachineErrors, and what reading the source raises.
    """
    _check(form, name, rate)
    async with AsyncExitStack() as stack:
        sending = _Sending(group_of(group), config or PeerConfig(), form, rate)
        stack.callback(sending.close)
        sdp = sending.describe(name)
        if announce:
            here, to = sending.here, sending.group
            await stack.enter_async_context(
                announced(sdp, to, here=here, config=sending.config)
            )
        yield sending.progress(sdp)
        feeding = asyncio.create_task(sending.feed(source))
        try:
            stack.enter_context(sending.beat.stopped_by(stop))
            async for _ in sending.beat.run(sending.player.play, interval):
                yield sending.progress(sdp)
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
        yield sending.progress(sdp, ended=True)
        if not feeding.cancelled():
            feeding.result()


def _check(form: str, name: str, rate: float | None) -> None:
    if form not in FORMS:
        raise UsageError(f"{form!r} is no form of media", fix="give 'ts' or 'rtp'")
    checked_name(name)
    if rate is not None and not rate > 0:
        raise UsageError(f"a rate of {rate} sends nothing", fix="give bits per second")


class _Sending:
    """Socket, inbox and player of one stream."""

    def __init__(
        self, group: Group, config: PeerConfig, form: str, rate: float | None
    ) -> None:
        plan = plan_sending(group, config)
        self.config, self.form = config, form
        self.group, self.reason = plan.aim.group, plan.choice.reason
        self.beat = Metronome()
        self._inbox = Inbox(asyncio.get_running_loop())
        self._sender = MulticastSender(plan.aim)
        header = RTP_HEADER_BYTES if form == "rtp" else 0
        room = (self._sender.payload_limit - header) // TS_BYTES
        each = max(min(room, PACKETS_EACH), 1)
        self.player = Player(
            self._inbox,
            Timetable(packets_each=each, rate_bps=rate),
            self.beat,
            self._sender,
            RtpPacker(Random(SystemRandom().getrandbits(64))) if header else None,
        )

    @property
    def here(self) -> IPv4Address | IPv6Address:
        """By which address this host is known."""
        return own_address(self._sender.interfaces[0], self.group.version)

    def describe(self, name: str) -> bytes:
        """Return the SDP."""
        return compose(
            name,
            self.group,
            form=self.form,
            number=new_number(time.time()),
            here=self.here,
            ttl=self.config.ttl,
        )

    async def feed(self, source: Stream) -> None:
        """Read the source as fast as it is sent."""
        try:
            pieces = pieces_of(source)
            while data := await pieces.next():
                await self._inbox.put(data)
        finally:
            self._inbox.end()

    def progress(self, sdp: bytes, *, ended: bool = False) -> MediaProgress:
        """Return how far it is."""
        player, table = self.player, self.player.table
        return MediaProgress(
            group=self.group,
            interfaces=self._sender.interfaces,
            reason=self.reason,
            form=self.form,
            sdp=sdp,
            packets=player.packets,
            size_bytes=player.size_bytes,
            elapsed_s=self.beat.elapsed_s,
            behind_s=player.behind_s(),
            delayed_s=table.late_s,
            clocked=table.clocked,
            clock_breaks=table.breaks,
            skipped_bytes=player.skipped_bytes,
            ended=ended,
        )

    def close(self) -> None:
        """Send nothing any more."""
        self.beat.stop()
        self._sender.close()
