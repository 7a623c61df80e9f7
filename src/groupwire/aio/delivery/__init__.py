"""Deliver files to every member of a group, for asyncio."""

from __future__ import annotations

from groupwire.aio.delivery.config import PullConfig, PushConfig

__all__ = ["PullConfig", "PushConfig"]
