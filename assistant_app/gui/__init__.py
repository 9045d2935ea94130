"""The window. Qt is here and nowhere else, and `bridge.py` alone crosses between threads and widgets.

It reads the events of a turn and draws them; what the assistant can do lies below.
"""
