"""What a pattern finds in a line, from left to right."""

import re
from collections.abc import Callable


def tokenizer(pattern: str) -> Callable[[str], list[str]]:
    """The function from a line to all that `pattern`, of Python's `re`, finds in it; of a group, what it holds."""
    compiled = re.compile(pattern)
    if compiled.groups == 0:
        return compiled.findall
    return lambda line: [found.group(1) or "" for found in compiled.finditer(line)]
