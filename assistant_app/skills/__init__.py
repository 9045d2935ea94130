"""What the assistant can do: one file a skill, all through the door in `api.py`."""
