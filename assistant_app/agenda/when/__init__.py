"""Words to times.

find_times(text, now=..., language="en") -> every expression of time in the text
parse_when(text, now=..., language="en") -> the one reading of the whole text, or None
"""
