from tests.lab.harness.fixtures import lab

__all__ = ["lab"]
