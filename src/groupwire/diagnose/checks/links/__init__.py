"""What the system tells of interfaces and the ways through them."""

from __future__ import annotations

from groupwire.diagnose.checks.links.mtu import Sizes
from groupwire.diagnose.checks.links.reverse import ReversePath
from groupwire.diagnose.checks.links.routes import Routes
from groupwire.diagnose.checks.links.states import LinkStates
from groupwire.diagnose.checks.links.versions import Versions

__all__ = ["LinkStates", "ReversePath", "Routes", "Sizes", "Versions"]
