"""Why does nothing arrive? Checks, trials, and what they come to."""

from groupwire.diagnose.finding import Diagnosis, Finding, Severity, Sureness, Verdict

__all__ = ["Diagnosis", "Finding", "Severity", "Sureness", "Verdict"]
