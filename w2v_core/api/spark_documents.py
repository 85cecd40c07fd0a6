"""The tasks of a Spark model: documents to vectors, and words with their vectors, as Arrow batches.

Executors import this module. It needs what they have: NumPy and PyArrow, and neither pandas nor SciPy.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from w2v_core.config import TokenizeConfig
from w2v_core.documents.encode import Encoded, Encoder
from w2v_core.documents.read import Documents
from w2v_core.errors import RunError
from w2v_core.executors.base import Batches
from w2v_core.io.filesystem import Folder
from w2v_core.phrases.bigrams import PhraseRules
from w2v_core.pipeline.phrases import opened_phrases
from w2v_core.readers.columns import block_of
from w2v_core.runs.manifest import FileEntry, Manifest
from w2v_core.runs.run_directory import RunDir
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.types import Float32Array, Float64Array
from w2v_core.vectors.trained_vectors import open_vectors
from w2v_core.vocabulary.vocabulary import Vocabulary

TOKENIZER_MODEL = "tokenizer.model"
"""In the tokens folder of a saved model: the SentencePiece model that `tokenize.model` named."""

_NUMBERS_A_BATCH = 1 << 20
"""Numbers of the vectors that are handed to Spark together: 8 MB."""
_MOST_MODELS = 4
"""Models that a Python worker keeps open."""


@dataclass(frozen=True)
class TrainedRun:
    """The parts of a finished run that turn documents into vectors. It is pickled into tasks; tables are not in it."""

    folder: Folder
    tokenize: TokenizeConfig
    resources: TokenizerResources
    takes_text: bool
    """False where the words were given as lists"""
    phrase_rules: PhraseRules
    phrases: tuple[FileEntry, ...]
    num_words: int
    vector_size: int
    fingerprint: str

    @classmethod
    def open(cls, location: str) -> "TrainedRun":
        """Read the manifests of a run or of a saved model. Raises UserError where the vectors are not finished."""
        run = RunDir.open(location)
        vectors, vocab, tokens = run.require("vectors"), run.require("vocab"), run.manifest("tokens")
        if tokens is None:
            raise RunError(
                f"{location} has no tokens/manifest.json, which says how words are made of text; name the run itself, "
                "or a model that Word2VecModel.save wrote"
            )
        phrases = run.manifest("phrases")
        return cls(
            run.folder,
            TokenizeConfig.model_validate(tokens.config).model_copy(update={"weight_column": None}),
            _resources(run, tokens),
            tokens.counters.get("token_lists", 0) == 0,
            _phrase_rules(phrases),
            tuple(entry for entry in phrases.files if is_kept("phrases", entry)) if phrases else (),
            vocab.counters["words"],
            vectors.config["vector_size"],
            vectors.fingerprint,
        )


def is_kept(stage: str, entry: FileEntry) -> bool:
    """Return whether a model needs this file of a run. Sentences and shards are needed for training only."""
    if stage == "phrases":
        return entry.name.startswith("phrases-")
    return stage in ("vocab", "vectors")


def _resources(run: RunDir, tokens: Manifest) -> TokenizerResources:
    """Return the stop words and the model that the run was made with."""
    inputs = tokens.inputs if isinstance(tokens.inputs, dict) else {}
    config = TokenizeConfig.model_validate(tokens.config)
    model = run.stage("tokens").read(TOKENIZER_MODEL) if config.model else b""
    if model is None:
        model = TokenizerResources.read(config.model_copy(update={"stop_words": None})).model
    found = TokenizerResources(tuple(inputs.get("stop_words", ())), model)
    if found.identity().get("model") != inputs.get("model"):
        raise RunError(
            f"tokenize.model = {config.model} has changed since {run.location} was made; put the old file back, or "
            "train again"
        )
    return found


def _phrase_rules(phrases: Manifest | None) -> PhraseRules:
    if phrases is None:
        return PhraseRules("")
    return PhraseRules(phrases.config["delimiter"], tuple(phrases.inputs.get("common_terms", ())))


class _OpenModel:
    """A model's tables in one Python worker, mapped into memory where the run is on a local disk."""

    def __init__(self, run: TrainedRun) -> None:
        self._run = run

    @cached_property
    def encoder(self) -> Encoder:
        run = self._run
        phrases = opened_phrases(run.folder / "phrases", run.phrases) if run.phrases else ()
        return Encoder(run.tokenize, run.resources, phrases, run.phrase_rules, self.vocabulary)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.open(self._run.folder / "vocab")

    @cached_property
    def vectors(self) -> Float32Array:
        return open_vectors(self._run.folder / "vectors")


_open_models: OrderedDict[tuple[str, str], _OpenModel] = OrderedDict()


def _opened(run: TrainedRun) -> _OpenModel:
    """Return the model's tables, opened once a process while few other models are used."""
    key = (str(run.folder), run.fingerprint)
    if key not in _open_models:
        _open_models[key] = _OpenModel(run)
    _open_models.move_to_end(key)
    while len(_open_models) > _MOST_MODELS:
        _open_models.popitem(last=False)
    return _open_models[key]


def embed_rows(run: TrainedRun, position: int, output: str) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Return a task that adds the column `output`, the vector of the document in column number `position`."""

    def embed(batches: Batches) -> Iterator[pa.RecordBatch]:
        model = _opened(run)
        for batch in batches:
            encoded = encode(batch.column(position), run.tokenize, model.encoder)
            yield from with_vectors(batch, encoded, model.vectors, output)

    return embed


def encode(values: pa.Array, config: TokenizeConfig, encoder: Encoder) -> Encoded:
    """Return the known words of each document; a null has none."""
    rows = pa.record_batch([values], names=[config.column])
    has_text_B = values.is_valid().to_numpy(zero_copy_only=False)
    block = block_of(rows, config, "the DataFrame", encoder.counters)
    documents = replace(block, documents=np.flatnonzero(has_text_B))
    return encoder.encode(Documents(np.arange(len(values)), None, (documents,)))


def with_vectors(
    batch: pa.RecordBatch, encoded: Encoded, vectors_VD: Float32Array, output: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows with the means of their words' vectors, some rows at a time."""
    names, size = [*batch.schema.names, output], vectors_VD.shape[1]
    step = max(1, _NUMBERS_A_BATCH // size)
    for begin in range(0, len(batch), step):
        offsets = encoded.offsets[begin : begin + step + 1]
        ids = encoded.ids[offsets[0] : offsets[-1]]
        means_BD = mean_vectors(ids, offsets - offsets[0], vectors_VD)
        columns = [*batch.slice(begin, step).columns, _lists(means_BD)]
        yield pa.RecordBatch.from_arrays(columns, names=names)


def mean_vectors(ids_T: Any, offsets_B: Any, vectors_VD: Float32Array) -> Float64Array:
    """Return the mean vector of the words of each document, (B, D); zero where a document has no known word.

    Document b has the words from offsets[b] to offsets[b + 1].
    """
    length_B = np.diff(offsets_B)
    means_BD = np.zeros((len(length_B), vectors_VD.shape[1]))
    step = max(1, _NUMBERS_A_BATCH // vectors_VD.shape[1])
    document_T = np.repeat(np.arange(len(length_B)), length_B)
    for begin in range(0, len(ids_T), step):
        inside = document_T[begin : begin + step]
        starts = np.flatnonzero(np.diff(inside, prepend=-1))
        rows_TD = vectors_VD[ids_T[begin : begin + step]].astype(np.float64)
        means_BD[inside[starts]] += np.add.reduceat(rows_TD, starts, axis=0)
    means_BD /= np.maximum(length_B, 1)[:, None]
    return means_BD


def word_rows(run: TrainedRun, num_parts: int) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Return a task that yields the words of its parts and their vectors, in order of id."""

    def read(batches: Batches) -> Iterator[pa.RecordBatch]:
        model = _opened(run)
        tokens, vectors_VD = model.vocabulary.tokens, model.vectors
        step = max(1, _NUMBERS_A_BATCH // vectors_VD.shape[1])
        for part in (part for batch in batches for part in batch.column(0).to_pylist()):
            begin, end = (len(tokens) * edge // num_parts for edge in (part, part + 1))
            for first in range(begin, end, step):
                rows = slice(first, min(first + step, end))
                columns = [tokens[rows], _lists(vectors_VD[rows].astype(np.float64))]
                yield pa.RecordBatch.from_arrays(columns, names=["word", "vector"])

    return read


def num_word_parts(run: TrainedRun) -> int:
    """Return how many parts the words are read in: one for 8 million numbers."""
    return 1 + run.num_words * run.vector_size // (8 * _NUMBERS_A_BATCH)


def _lists(rows_BD: Float64Array) -> pa.ListArray:
    num_rows, size = rows_BD.shape
    offsets = np.arange(0, (num_rows + 1) * size, size, dtype=np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(rows_BD.ravel()))
