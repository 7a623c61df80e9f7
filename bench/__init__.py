"""Speed beside the peers: ``python -m bench``; not part of the installed package."""
