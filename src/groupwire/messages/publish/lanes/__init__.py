"""What carries messages of each delivery: queues, streams and objects."""
