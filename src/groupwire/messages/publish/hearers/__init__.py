"""Who hears a publisher, who has what, and who is asked for it."""
