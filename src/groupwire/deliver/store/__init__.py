"""The disk: what is pushed, and where it goes. Blocking; the rules stand elsewhere."""
