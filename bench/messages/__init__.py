"""One publisher and its subscribers, by groupwire and by the peers."""
