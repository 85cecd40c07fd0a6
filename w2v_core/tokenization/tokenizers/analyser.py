"""The shared part of tokenizers for one language.

An analyser is a function on one text, from a package that is an extra. Spaces and symbols are not tokens, as
with `unicode_words`: a token has a letter or a digit.
"""

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.errors import InputError
from w2v_core.tokenization.tokenizers.protocol import Tokenizer, each_line

Analyse: TypeAlias = Callable[[str], Sequence[str]]

LONGEST_TEXT = 4096
"""Characters that are analysed together. A dictionary's search takes memory by the character, and no sentence that
someone wrote is longer; a longer line is analysed in pieces, and stays one line."""


def versions_of(packages: Sequence[str], extra: str, tokenizer: str) -> dict[str, str]:
    """Return the version of each package of the tokenizer. Raises UserError if one is not installed."""
    try:
        return {package: version(package) for package in packages}
    except PackageNotFoundError as error:
        raise InputError(
            f"tokenize.tokenizer = {tokenizer} needs {error.name}, which is not installed here; "
            f"pip install {' '.join(packages)} (the extra {extra}), on every machine that tokenizes"
        ) from None


def words_of(analyse: Analyse) -> Tokenizer:
    """Return a tokenizer that keeps the results of `analyse` with a letter or a digit."""

    def tokens_of(line: str) -> list[str]:
        # Dictionaries written in C take NUL for the end.
        return [token for piece in in_pieces(line.replace("\0", " ")) for token in analyse(piece)]

    tokenize_all = each_line(tokens_of)
    return lambda lines: _with_a_letter(tokenize_all(lines))


def in_pieces(line: str) -> Iterator[str]:
    """Yield pieces of at most LONGEST_TEXT characters, cut after a space if there is one."""
    begin = 0
    while len(line) - begin > LONGEST_TEXT:
        end = line.rfind(" ", begin, begin + LONGEST_TEXT) + 1 or begin + LONGEST_TEXT
        yield line[begin:end]
        begin = end
    yield line[begin:]


def _with_a_letter(lists: pa.ListArray) -> pa.ListArray:
    tokens = lists.flatten()
    wanted = pc.match_substring_regex(tokens, r"[\p{L}\p{N}]")
    num_before = pc.cumulative_sum(pa.concat_arrays([pa.array([0], pa.int32()), wanted.cast(pa.int32())]))
    return pa.ListArray.from_arrays(num_before.take(lists.offsets), tokens.filter(wanted), type=lists.type)
