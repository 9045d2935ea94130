"""The user's documents: read, cut into passages, found again by meaning, with their sources.

It knows no question, no answer and no window.
"""
