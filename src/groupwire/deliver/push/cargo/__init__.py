"""What a push sends: manifest, files, seals, in order and again where needed."""
