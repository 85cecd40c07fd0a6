"""Counted words to ids, keep probabilities and the noise distribution."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from w2v_core.config import VocabConfig
from w2v_core.errors import AccountError, UserError
from w2v_core.io.filesystem import Folder, access, open_folder
from w2v_core.io.npy import mapped_array
from w2v_core.io.parquet import read_table
from w2v_core.runs.artifacts import INDEX_ENTRIES, INDEX_STARTS, VOCAB_ARROW, VOCAB_FILE
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.task_output import write_array, write_bytes, write_file
from w2v_core.schemas import VOCAB
from w2v_core.types import Float64Array, Int32Array, Int64Array
from w2v_core.vocabulary.noise import noise_distribution
from w2v_core.vocabulary.word_counts import Counted, write_rare
from w2v_core.vocabulary.word_index import Lookup

"""The same words and the tables of their lookup, as processes map them into memory."""
RARE_FILES = "rare-"
"""What the names of the files of RARE begin with."""

MOST_TOKENS = 2**62
"""Of an earlier vocabulary: with as many of a corpus the sums are still whole numbers of 64 bits."""


def effective_min_count(counts: Int64Array, min_count: int, max_final_vocab: int | None) -> int:
    """The smallest threshold, from `min_count` up, that leaves at most `max_final_vocab` of the words.

    `counts` need only hold the max_final_vocab + 1 largest. Words of one count stay or go together, as in
    gensim, so fewer than `max_final_vocab` may be left.
    """
    if max_final_vocab is None or len(counts) <= max_final_vocab:
        return min_count
    first_too_many = np.partition(counts, len(counts) - 1 - max_final_vocab)[
        len(counts) - 1 - max_final_vocab
    ]
    return max(min_count, int(first_too_many) + 1)


def keep_probability(counts: Int64Array, sample: float) -> Float64Array:
    """min(1, sqrt(t/f) + t/f) with f a word's share of `counts` and t = sample; 1 where sample is 0.

    This is word2vec.c's formula, not the 1 - sqrt(t/f) of Mikolov et al. 2013, "Distributed representations
    of words and phrases and their compositionality".
    """
    if sample == 0:
        return np.ones(len(counts))
    ratio = sample * counts.sum(dtype=np.float64) / counts
    keep: Float64Array = np.minimum(1.0, np.sqrt(ratio) + ratio)
    return keep


def build_vocab(counted: Counted, config: VocabConfig, keep: Sequence[str] = ()) -> pa.Table:
    """The vocabulary (VOCAB) of the counted words that reach the threshold, and of those to `keep`.

    Words that have an id keep it, and the others get those after them, as many as `room_for_others` has. UserError
    where there is no word.
    """
    has_id = pc.greater(counted.counts["known"], 0)
    known = counted.counts.filter(has_id).sort_by("known")
    if not (known["known"].to_numpy() == np.arange(1, len(known) + 1)).all():
        raise AccountError("a word of vocab.extend lost its id; report this as a bug")
    counts = counted.counts.filter(pc.invert(has_id))
    always = pc.is_in(counts["token"], value_set=pa.array(keep, pa.string()))
    others = counts.filter(pc.invert(always))["count"].to_numpy()
    room = room_for_others(config.max_final_vocab, len(known))
    threshold = effective_min_count(others, config.min_count, room)
    new = counts.filter(pc.or_(always, pc.greater_equal(counts["count"], threshold)))
    if len(known) + len(new) == 0:
        raise UserError(_explain_empty(config, threshold, counted.highest))
    new = new.sort_by([("count", "descending"), ("token", "ascending")])
    kept = pa.concat_tables([known, new])
    return vocab_of(kept["token"].combine_chunks(), kept["count"].to_numpy(), config)


def room_for_others(max_final_vocab: int | None, num_known: int) -> int | None:
    """How many words without an id may get one, where `num_known` have theirs; None where that is not limited."""
    return None if max_final_vocab is None else max(0, max_final_vocab - num_known)


def vocab_of(tokens: pa.StringArray, counts: Int64Array, config: VocabConfig) -> pa.Table:
    """VOCAB of words in the order of their ids."""
    columns: list[Any] = [
        np.arange(len(counts), dtype=np.int32),
        tokens,
        counts,
        keep_probability(counts, config.sample),
        noise_distribution(counts, config.ns_exponent),
    ]
    return pa.table(columns, schema=VOCAB)


def _explain_empty(config: VocabConfig, threshold: int, highest_count: int) -> str:
    if threshold > config.min_count:
        return (
            f"vocab.max_final_vocab = {config.max_final_vocab} leaves no word: more words than that share the "
            "highest count. Raise it."
        )
    if highest_count == 0:
        return (
            f"vocab.drop = {config.drop} leaves no word: every word of the corpus is on the list. Shorten it."
        )
    return (
        f"vocab.min_count = {config.min_count} leaves no word: the highest count of a word is {highest_count}. "
        "Lower vocab.min_count."
    )


@dataclass(frozen=True)
class Vocabulary:
    """A finished vocabulary; index i of every field is the word of id i. `table` holds them all, as VOCAB."""

    table: pa.Table
    tokens: pa.StringArray
    counts: Int64Array
    keep_probability: Float64Array
    noise_probability: Float64Array
    lookup: Lookup | None = None
    """where it was opened; else `ids` makes one"""

    @classmethod
    def read(cls, folder: Folder) -> "Vocabulary":
        """The vocabulary in `folder`. UserError where its file is missing, damaged or foreign."""
        return cls._of(read_table(folder, VOCAB_FILE, VOCAB))

    @classmethod
    def open(cls, folder: Folder) -> "Vocabulary":
        """The vocabulary in `folder`, with its lookup, mapped into memory where the folder is local."""
        try:
            with access(str(folder)):
                table = pa.ipc.open_file(_opened(folder, VOCAB_ARROW)).read_all()
                starts, entries = (mapped_array(folder, name) for name in (INDEX_STARTS, INDEX_ENTRIES))
            if not table.schema.equals(VOCAB) or not Lookup.has_shape(starts, entries, len(table)):
                raise ValueError(
                    f"{VOCAB_ARROW}, {INDEX_STARTS} and {INDEX_ENTRIES} are not of the same vocabulary"
                )
        except UserError:
            raise
        except (OSError, ValueError) as error:
            raise UserError(
                f"the vocabulary in {folder} is damaged or of an earlier version ({error}). Delete that folder and "
                "run its stage again."
            ) from None
        vocabulary = cls._of(table)
        return replace(vocabulary, lookup=Lookup(vocabulary.tokens, starts, entries))

    @classmethod
    def _of(cls, table: pa.Table) -> "Vocabulary":
        tokens = table["token"]
        return cls(
            table,
            tokens.chunk(0) if tokens.num_chunks == 1 else tokens.combine_chunks(),
            table["count"].to_numpy(),
            table["keep_probability"].to_numpy(),
            table["noise_probability"].to_numpy(),
        )

    def __len__(self) -> int:
        return len(self.counts)

    def ids(self, tokens: pa.StringArray) -> Int32Array:
        """The id (N,) of each token, -1 for a word that is not known."""
        return (self.lookup or Lookup.of(self.tokens)).ids(tokens)


def write_vocab(stage_writer: StageWriter, table: pa.Table) -> list[FileEntry]:
    """Write `table` (VOCAB) as the files of the stage."""
    table = table.combine_chunks()
    lookup = Lookup.of(table["token"].chunk(0))

    def write_open(stream: Any) -> None:
        with pa.ipc.new_file(stream, table.schema) as writer:
            writer.write_table(table)

    return [
        write_file(stage_writer, VOCAB_FILE, table),
        write_bytes(stage_writer, VOCAB_ARROW, write_open),
        write_array(stage_writer, INDEX_STARTS, lookup.starts),
        write_array(stage_writer, INDEX_ENTRIES, lookup.entries),
    ]


def commit_rare(stage_writer: StageWriter, counted: Counted, left_over: pa.Table) -> list[FileEntry]:
    """Name the files of the words without an id: the tasks', and one of those that could have got an id and did not."""
    task_results = list(counted.rare)
    if len(left_over):
        task_results.append(write_rare(stage_writer.temporary, left_over, len(task_results)))
    return stage_writer.commit_all(
        [
            (
                task_result.temporary_name,
                task_result.file.model_copy(update={"name": f"{RARE_FILES}{number:05d}.parquet"}),
            )
            for number, task_result in enumerate(task_results)
            if task_result.file
        ]
    )


def _opened(folder: Folder, name: str) -> pa.NativeFile:
    if folder.is_local:
        return pa.memory_map(folder.file(name))
    return pa.BufferReader(folder.filesystem.open_input_stream(folder.file(name), compression=None).read())


_last_opened: tuple[tuple[str, str], Vocabulary] | None = None


def cached_vocabulary(folder: Folder, fingerprint: str) -> Vocabulary:
    """The vocabulary in `folder`, opened once a process for as long as its stage's fingerprint is the same."""
    global _last_opened
    key = (folder.path, fingerprint)
    if _last_opened is None or _last_opened[0] != key:
        _last_opened = (key, Vocabulary.open(folder))
    return _last_opened[1]


def earlier_vocab(location: str, key: str) -> pa.Table:
    """VOCAB of a finished run, of its vocab or vectors folder, or of a `vocab.parquet`, which setting `key` names."""
    return read_earlier(location, key)[1]


def read_earlier(location: str, key: str) -> tuple[Folder, pa.Table]:
    """As `earlier_vocab`, and the folder where it was found."""
    folder, name = open_folder(resolved(location)), VOCAB_FILE
    with access(f"{key} = {location}"):
        if folder.filesystem.get_file_info(folder.path).is_file:
            parent, _, name = folder.path.rpartition("/")
            folder = Folder(folder.filesystem, parent)
        elif VOCAB_FILE not in folder.sizes():
            folder = folder / "vocab"
        found = folder.sizes()
    if name not in found:
        raise UserError(
            f"{key} = {location}: expected a folder with {name}. Name a finished run or its vocab folder."
        )
    table = read_table(folder, name, VOCAB)
    if len(table) == 0 or pc.count_distinct(table["token"]).as_py() != len(table):
        raise UserError(
            f"{key} = {location} is not a valid vocabulary: it has no word, or a word twice. Name another."
        )
    counts_V = table["count"].to_numpy()
    if counts_V.min() < 1 or counts_V.sum(dtype=np.float64) > MOST_TOKENS:
        raise UserError(
            f"{key} = {location} is not a valid vocabulary: it has a word of count {counts_V.min():,}, or a sum of "
            f"counts above {MOST_TOKENS:,}. Name another."
        )
    return folder, table


def digest_of(table: pa.Table) -> str:
    """What tells a vocabulary from another: its words, their order and their counts."""
    found = sha256()
    for token, count in zip(table["token"].to_pylist(), table["count"].to_pylist(), strict=True):
        found.update(f"{len(token)} {token} {count}\n".encode())
    return found.hexdigest()
