"""What programs have instead of payloads: values by a codec, log records, files."""
