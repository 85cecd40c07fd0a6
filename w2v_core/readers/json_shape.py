"""The layout of JSON at the beginning of a file: an object per line, or a layout that is not supported."""

import json
import re
from typing import Any, Literal

from w2v_core.io.line_ends import LINE_END

Shape = Literal["lines", "array", "arrays", "object"]
_MOST_LINES = 64
_OBJECT = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"\s*:')
_ARRAY = re.compile(r'\[\s*(?:[\[{]|"(?:[^"\\]|\\.)*"\s*[,\]])')
_NOTHING = object()


def json_shape(text: str, is_complete: bool) -> Shape | None:
    """Return the layout of the JSON that a file begins with, None if it does not begin with JSON.

    Returns `lines` for an object a line, `arrays` for an array a line, `array` for an array of all rows and `object`
    for an object over several lines. Prose that begins with a bracket is not JSON: brackets decide nothing, only
    values that parse do. `is_complete` says that the file ends where `text` does.
    """
    lines = LINE_END.split(text)
    partial = "" if is_complete else lines.pop()
    full = [line for line in lines if line and not line.isspace()][:_MOST_LINES]
    values = [_value(line) for line in full]
    num_objects = sum(isinstance(value, dict) for value in values)
    if num_objects * 2 > len(values) or (values and isinstance(values[0], dict) and values[0]):
        return "lines"
    if not full and _OBJECT.match(partial.lstrip()):
        return "lines"
    if len(values) > 1 and all(isinstance(value, list) and value for value in values):
        return "arrays"
    return _document(text.lstrip(), is_complete)


def _value(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return _NOTHING


def _document(text: str, is_complete: bool) -> Shape | None:
    """Return the layout of one value that is longer than `text` or the whole file."""
    is_object, is_array = _OBJECT.match(text), _ARRAY.match(text)
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        cut = not is_complete and (error.msg.startswith("Unterminated string") or error.pos >= len(text) - 8)
        return ("object" if is_object else "array" if is_array else None) if cut else None
    except RecursionError:
        return None
    rest = text[end:].lstrip()
    if isinstance(value, dict) and is_object and rest[:1] in ("", "{", ","):
        return "object"
    if isinstance(value, list) and not rest and (is_array or len(value) > 1):
        return "array"
    return None
