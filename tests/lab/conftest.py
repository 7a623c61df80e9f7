from tests.lab.harness.fixtures import lab, pytest_configure

__all__ = ["lab", "pytest_configure"]
