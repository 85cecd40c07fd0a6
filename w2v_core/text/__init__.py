"""Files to sentences of tokens.

    inputs     paths, folders, globs, URIs ─▶ splits: ranges of bytes that tasks read
    lines      a split ─▶ blocks of decoded lines, every line of a file in exactly one split
    columns    a split of Parquet or JSON lines ─▶ blocks of texts, or of token lists that are ready
    wiki_extractor, unicode_words, whitespace      what to skip, what a token is
    tokenize_part    a list of splits ─▶ one Parquet part and its account

A tokenizer is a function from a line to its tokens; `TOKENIZERS` knows them by name.
"""

from collections.abc import Callable

from w2v_core.text import unicode_words, whitespace

Tokenizer = Callable[[str], list[str]]

TOKENIZERS: dict[str, Tokenizer] = {
    "unicode_words": unicode_words.tokenize,
    "whitespace": whitespace.tokenize,
}
