"""The multi-task model: one shared trunk, a router, and a decoder for each task.

It knows no calendar, no microphone and no window; training is `assistant_app.training`'s.
"""
