"""The calendar: events in `.ics` files that other programs read, words to times, undo.

It knows no skill, no window and no model.
"""
