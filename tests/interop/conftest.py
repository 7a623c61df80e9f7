"""Foreign programs run on the hosts of the laboratory."""

from tests.lab.conftest import lab

__all__ = ["lab"]
