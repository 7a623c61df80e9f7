"""How fast to send: fixed, adaptive, or as TFMCC has it."""
