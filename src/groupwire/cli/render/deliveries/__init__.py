"""What ``push`` and ``pull`` show: progress, receipts, files, and how it ended."""

__all__: list[str] = []
