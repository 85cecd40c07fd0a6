"""Reading the sentences of a tokens stage. They come with each word of a row group stored once."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from w2v_core import schemas
from w2v_core.arrays import Int32Array
from w2v_core.parquet import row_groups
from w2v_core.run_dir import Manifest
from w2v_core.storage import Folder

_WORDS = "tokens.list.element"


def sentence_groups(folder: Folder, name: str, weighted: bool) -> Iterator[pa.Table]:
    """The row groups of a file of sentences, in order: `tokens`, lists of a dictionary's words, and `weight`, if any.

    Errors as for `parquet.row_groups`.
    """
    return row_groups(folder, name, schemas.tokens(weighted), dictionary_columns=(_WORDS,))


def is_weighted(tokens: Manifest) -> bool:
    """Whether the sentences of this tokens stage have weights."""
    return tokens.config.get("weight_column") is not None


def words_and_places(sentences: pa.ListArray) -> tuple[pa.StringArray, Int32Array]:
    """The distinct words of sentences (D,), and which of them each token is (T,). A word may be no token's."""
    tokens = sentences.flatten()
    places: Int32Array = tokens.indices.to_numpy().astype(np.int32, copy=False)
    return tokens.dictionary, places
