"""The sender: objects and streams out, repairs, acknowledgements, round trips."""
