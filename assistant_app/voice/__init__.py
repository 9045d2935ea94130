"""Hearing and speaking: microphone, end of speech, Whisper, voices, our own output stream.

It knows no skill, no window and no calendar; the files of its models are handed to it.
"""
