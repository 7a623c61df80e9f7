"""What the system tells: read, parsed, and put into values."""

from groupwire.diagnose.evidence.gathering import gather, gather_again
from groupwire.diagnose.evidence.surroundings import Surroundings

__all__ = ["Surroundings", "gather", "gather_again"]
