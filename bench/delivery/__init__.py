"""Whole programs that deliver a file to many: ours and the peers, as users run them."""
