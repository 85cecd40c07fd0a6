"""Tokens that are already separated: what stands between white space, untouched."""


def tokenize(line: str) -> list[str]:
    """The pieces of `line` between Unicode white space, in order."""
    return line.split()
