"""WhatsApp through Meta's Cloud API: what comes in over the webhook, and how replies go out."""

from datetime import timedelta

CHANNEL = "whatsapp"
"""What `Message.channel` says of messages that came in over it."""

OPEN = timedelta(hours=24)
"""How long a customer may be written to after their last message, without a template."""
