"""What the assistant remembers of the conversation. It knows no skill and no model."""
