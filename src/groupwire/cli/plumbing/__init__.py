"""Where commands meet the system: signals, standard input, files, other processes."""

__all__: list[str] = []
