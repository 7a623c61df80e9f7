"""Why does nothing arrive? Checks, trials, and what they come to.

``await diagnose.run("239.255.42.99:10000")`` looks at all that there is.
"""

from groupwire.diagnose.asking import ask
from groupwire.diagnose.doctor import examine, run
from groupwire.diagnose.finding import (
    Diagnosis,
    Finding,
    Looked,
    Severity,
    Sureness,
    Verdict,
)

__all__ = [
    "Diagnosis",
    "Finding",
    "Looked",
    "Severity",
    "Sureness",
    "Verdict",
    "ask",
    "examine",
    "run",
]
