"""The disk: what is pushed, and where it goes. Blocking; the rules stand elsewhere.

``store.walk`` finds what a push delivers, ``store.store`` keeps what a pull receives.
"""
