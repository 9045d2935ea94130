"""Calendars kept in step with servers (CalDAV) and calendars on the web.

Nothing here connects to anything but the accounts in the settings that are switched on. What the
user changes lies in the calendar folder first; the difference to what a server was last known to
have is what waits to be sent, so there is no queue that could get lost.
"""
