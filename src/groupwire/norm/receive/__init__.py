"""The receiver: objects and streams in, repair asked for, receipt acknowledged."""
