"""Tokens that are already separated by white space, unchanged."""


def tokenize(line: str) -> list[str]:
    """Return the pieces of `line` between Unicode white space, in order."""
    return line.split()
