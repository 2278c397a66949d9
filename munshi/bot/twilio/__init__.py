"""WhatsApp and SMS through Twilio: the second provider, on the same core."""

CHANNEL = "twilio"
"""What `Message.channel` says of messages that came in over it."""
