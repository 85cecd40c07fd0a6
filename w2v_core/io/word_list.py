"""A file of words, one a line, that a setting names."""

from w2v_core.errors import InputError
from w2v_core.io.filesystem import read_file
from w2v_core.io.line_ends import LINE_END


def read_word_list(location: str, key: str) -> tuple[str, ...]:
    """The words in the file at `location` (a path or a URI), each once, sorted by code point.

    White space around a word and empty lines are left out. UserError, naming the setting `key`, for a file that is
    missing, not UTF-8, or without a word.
    """
    data = read_file(location, key)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{key} = {location} is not UTF-8; convert it, for example with iconv") from None
    words = tuple(sorted({word for line in LINE_END.split(text) if (word := line.strip())}))
    if not words:
        raise InputError(f"{key} = {location} holds no word; write one a line, or leave the setting out")
    return words
