"""A private desktop assistant: it hears, understands, acts and speaks on this machine alone."""

__version__ = "0.1.0"
