"""Line ends: a line feed, a carriage return, or both in this order; nothing else ends a line."""

import re

LINE_END = re.compile(r"\r\n|\r|\n")


def line_feeds(data: bytes) -> bytes:
    """The same lines with line feeds as their ends. A pair of carriage return and line feed must not be cut apart."""
    if b"\r" not in data:
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def next_line(data: bytes, begin: int) -> int:
    """Where the line after the first line end at or after `begin` starts, 0 where there is no line end."""
    feed, carriage = data.find(b"\n", begin), data.find(b"\r", begin)
    if carriage < 0 or 0 <= feed < carriage:
        return feed + 1
    return carriage + (2 if data[carriage + 1 : carriage + 2] == b"\n" else 1)
