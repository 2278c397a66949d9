"""WhatsApp through Meta's Cloud API: what comes in over the webhook, and how replies go out."""

CHANNEL = "whatsapp"
"""What `Message.channel` says of messages that came in over it."""
