"""Media on the command line: the media part of ``pipe``, and ``streams``."""

__all__: list[str] = []
