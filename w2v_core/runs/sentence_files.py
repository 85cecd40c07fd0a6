"""The files of a stage that holds sentences: tokens, and phrases where they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from w2v_core import schemas
from w2v_core.io.filesystem import Folder
from w2v_core.io.parquet import row_groups
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import PartWriter
from w2v_core.types import Int32Array

_WORDS = "tokens.list.element"
_DICTIONARY_BYTES = 64 << 20  # of a row group's distinct words; more are stored once an occurrence


def sentence_groups(folder: Folder, name: str, weighted: bool) -> Iterator[pa.Table]:
    """The row groups of a file of sentences, in order: `tokens`, lists of a dictionary's words, and `weight`, if any.

    Errors as for `parquet.row_groups`.
    """
    return row_groups(folder, name, schemas.tokens(weighted), dictionary_columns=(_WORDS,))


def sentence_writer(folder: Folder, weighted: bool) -> PartWriter:
    """Writes sentences. A word is stored once a row group and not once an occurrence."""
    return PartWriter(folder, schemas.tokens(weighted), dictionary_pagesize_limit=_DICTIONARY_BYTES)


@dataclass(frozen=True)
class SentenceStage:
    """The finished stage whose sentences become the vocabulary and the shards."""

    name: str
    manifest: Manifest
    folder: Folder
    parts: tuple[str, ...]
    weighted: bool
    """whether sentences have weights"""

    @classmethod
    def of(cls, run: RunDir, phrases_wanted: bool = False) -> "SentenceStage":
        """Phrases where that stage is finished, else tokens. UserError where the one that is needed is not."""
        run.require("tokens")
        has_phrases = phrases_wanted or run.manifest("phrases") is not None
        return cls._of(run, "phrases" if has_phrases else "tokens")

    @classmethod
    def of_tokens(cls, run: RunDir) -> "SentenceStage":
        """The sentences as they were cut."""
        return cls._of(run, "tokens")

    @classmethod
    def _of(cls, run: RunDir, name: str) -> "SentenceStage":
        manifest = run.require(name)
        parts = tuple(entry.name for entry in manifest.files if entry.name.startswith("part-"))
        weighted = run.require("tokens").config.get("weight_column") is not None
        return cls(name, manifest, run.stage(name), parts, weighted)

    @property
    def num_sentences(self) -> int:
        """Sentences in all parts."""
        return sum(entry.rows or 0 for entry in self.manifest.files if entry.name in self.parts)

    @property
    def num_tokens(self) -> int:
        """Tokens in all sentences."""
        return self.manifest.account().kept


def dictionary_and_codes(sentences: pa.ListArray) -> tuple[pa.StringArray, Int32Array]:
    """The distinct words of sentences (D,), and which of them each token is (T,). A word may be no token's."""
    tokens = sentences.flatten()
    codes: Int32Array = tokens.indices.to_numpy().astype(np.int32, copy=False)
    return tokens.dictionary, codes
