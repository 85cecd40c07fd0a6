"""Analysis of each distinct word once, for languages with spaces between words and slow analyzers.

The context of a word is lost; about three in a hundred Korean morphemes differ.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.tokenization.tokenizers import whitespace
from w2v_core.tokenization.tokenizers.protocol import Tokenizer, each_line

MOST_REMEMBERED = 500_000
"""words of earlier lines, about 150 MB; beyond that, the cache is cleared"""


def tokenizer(tokenize: Tokenizer) -> Tokenizer:
    """Return a tokenizer that applies `tokenize` to each word of a line, in order."""
    remembered: dict[str, list[str]] = {}
    words_of = each_line(whitespace.tokenize)

    def tokenize_words(lines: pa.StringArray) -> pa.ListArray:
        word_lists = words_of(lines)
        words = word_lists.flatten().dictionary_encode()
        tokens_of_U = _looked_up(words.dictionary.to_pylist(), tokenize, remembered)
        tokens_of_T = pa.array(tokens_of_U, word_lists.type).take(words.indices)
        ends_T = np.cumsum(pc.list_value_length(tokens_of_T).to_numpy())
        offsets_T = np.concatenate([[0], ends_T]).astype(np.int32)
        offsets_I = offsets_T[word_lists.offsets.to_numpy()]
        return pa.ListArray.from_arrays(offsets_I, tokens_of_T.flatten(), type=word_lists.type)

    return tokenize_words


def _looked_up(words: list[str], tokenize: Tokenizer, remembered: dict[str, list[str]]) -> list[list[str]]:
    """Return the tokens of each word. Adds new words to `remembered`."""
    if len(remembered) + len(words) > MOST_REMEMBERED:
        remembered.clear()
    new = [word for word in words if word not in remembered]
    if new:
        remembered.update(zip(new, tokenize(pa.array(new, pa.string())).to_pylist(), strict=True))
    return [remembered[word] for word in words]
