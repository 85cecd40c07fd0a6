"""The matches of a pattern in a line, from left to right."""

import re
from collections.abc import Callable


def tokenizer(pattern: str) -> Callable[[str], list[str]]:
    """Return a function from a line to the matches of `pattern`, or of its group if that took part."""
    compiled = re.compile(pattern)
    if compiled.groups == 0:
        return compiled.findall
    return lambda line: [found.group() if found[1] is None else found[1] for found in compiled.finditer(line)]
