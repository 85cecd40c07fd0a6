"""Sentences of a program, each a list of tokens, as Arrow batches."""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain
from typing import Any

import pyarrow as pa

from w2v_core.api.locations import shortened
from w2v_core.errors import InputError

TOKENS_A_BATCH = 1 << 18
LISTS = pa.list_(pa.string())


def token_batches(sentences: Iterable[Any], column: str) -> Iterator[pa.RecordBatch]:
    """Yield the sentences as batches with one column of token lists.

    Raises InputError for a sentence that is not a list of tokens, and for a token that is not text.
    """
    schema = pa.schema([pa.field(column, LISTS)])
    number = 0
    for batch in _gathered(sentences):
        yield pa.RecordBatch.from_arrays([_array(batch, number)], schema=schema)
        number += len(batch)


def _gathered(sentences: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield lists of sentences, of about TOKENS_A_BATCH tokens."""
    batch: list[Any] = []
    num_tokens = 0
    for sentence in sentences:
        batch.append(sentence)
        num_tokens += len(sentence) + 1 if isinstance(sentence, list | tuple) else TOKENS_A_BATCH >> 8
        if num_tokens >= TOKENS_A_BATCH:
            yield batch
            batch, num_tokens = [], 0
    if batch:
        yield batch


def _array(batch: list[Any], first: int) -> pa.ListArray:
    is_plain = set(map(type, batch)) <= {list, tuple} and set(map(type, chain.from_iterable(batch))) <= {str}
    if not is_plain:
        batch = [_tokens(sentence, number) for number, sentence in enumerate(batch, first)]
    try:
        return pa.array(batch, LISTS)
    except UnicodeEncodeError as error:
        raise InputError(
            f"a token holds {error.object[error.start]!a}, a surrogate that UTF-8 cannot encode. Decode the text "
            "again, with errors='replace'."
        ) from None


def _tokens(sentence: Any, number: int) -> list[str]:
    """Return the tokens of a sentence. Raises InputError unless it is an iterable of text."""
    name = f"sentences[{number}]"
    if isinstance(sentence, str):
        raise InputError(
            f"{name} = {shortened(sentence)}: expected a list of tokens, got a text, whose letters would become words. "
            "Split it, as in [text.split() for text in texts], or pass the path of a file."
        )
    if isinstance(sentence, bytes | Mapping) or not isinstance(sentence, Iterable):
        raise InputError(
            f"{name} = {shortened(sentence)}: expected a list of tokens, got {_type(sentence)}. "
            "Give an iterable of lists of text."
        )
    if isinstance(sentence, Set):
        raise InputError(
            f"{name} = {shortened(sentence)}: expected a list of tokens, got {_type(sentence)}, which has no order. "
            "Give a list, such as sorted(sentence)."
        )
    tokens = list(sentence)
    for position, token in enumerate(tokens):
        if not isinstance(token, str):
            raise InputError(
                f"{name}[{position}] = {shortened(token)}: expected a token of text, got {_type(token)}. "
                f"{_fix_of(token)}."
            )
    return [str(token) for token in tokens]


def _fix_of(token: object) -> str:
    if token is None:
        return "Leave it out"
    if isinstance(token, bytes):
        return "Decode tokens, as in [token.decode() for token in sentence]"
    if isinstance(token, Iterable):
        return "Give one list for each sentence: these are nested one level deeper"
    return "Convert tokens, as in [str(token) for token in sentence]"


def _type(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
