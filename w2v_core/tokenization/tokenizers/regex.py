"""What a pattern finds in a line, from left to right."""

import re
from collections.abc import Callable


def tokenizer(pattern: str) -> Callable[[str], list[str]]:
    """The function from a line to what `pattern`, of Python's `re`, finds in it, or its group where that took part."""
    compiled = re.compile(pattern)
    if compiled.groups == 0:
        return compiled.findall
    return lambda line: [found.group() if found[1] is None else found[1] for found in compiled.finditer(line)]
