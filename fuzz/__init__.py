"""Mutated messages against the codec, a receiver and a sender: nothing may fail.

Ours and not atheris: it needs nothing, runs wherever Python does, and a seed is enough
to run it again.
"""
