"""What programs have instead of payloads: values by a codec, asyncio's streams."""
