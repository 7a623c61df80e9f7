"""What publishers and subscribers say and send, as bytes."""
