"""The chosen pieces through the tokenize stage's own code, timed."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
from pydantic import BaseModel

from w2v_core.config import TokenizeConfig
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder
from w2v_core.planning.growth import doublings
from w2v_core.planning.input_sample import InputSample
from w2v_core.runs.sentence_files import sentence_groups
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.vocabulary.hash_partition import summed
from w2v_core.vocabulary.word_counts import COUNTS, count_sentences, count_tokens

PARTS, SLICES_PER_PART = 8, 8
"""The sample is counted in so many parts, of slices from all over it: how words grow is seen among them."""


class Sampled(BaseModel):
    """What the sample is, and what the stage's code took for it, in seconds of one core."""

    sentences: int
    tokens: int
    stage_bytes: int
    """of the sample as the tokens stage writes it"""
    tokenize_seconds: float
    count_seconds: float


@dataclass(frozen=True)
class Sample:
    """A read sample: COUNTS of unions of its parts, by level, and the sentences as one tokens file."""

    sampled: Sampled
    levels: list[list[pa.Table]]
    folder: Folder
    name: str
    weighted: bool


def read_sample(
    pieces: InputSample, config: TokenizeConfig, given: TokenizerResources, folder: Folder
) -> Sample:
    """Tokenize and count the pieces; what that writes is in `folder`. UserError where they hold no token."""
    weighted = config.weight_column is not None
    started = time.perf_counter()
    task_result = tokenize_part(pieces.splits, config, given, folder, 0)
    tokenized = time.perf_counter()
    if task_result.tokens.kept == 0 or task_result.file is None:
        raise UserError(
            f"a sample of {pieces.sampled_bytes:,} bytes of the input holds no token; give files with text, another "
            "tokenize.tokenizer or tokenize.column, or a larger --sample-mb"
        )
    count_tokens(folder, task_result.temporary_name, weighted)
    counted = time.perf_counter()
    num_sentences = task_result.file.rows or 0
    sampled = Sampled(
        sentences=num_sentences,
        tokens=task_result.tokens.kept,
        stage_bytes=task_result.file.bytes,
        tokenize_seconds=tokenized - started,
        count_seconds=counted - tokenized,
    )
    groups = sentence_groups(folder, task_result.temporary_name, weighted)
    slices = _slices(groups, max(1, num_sentences // (PARTS * SLICES_PER_PART)))
    return Sample(sampled, doublings(_counted_in_turn(slices)), folder, task_result.temporary_name, weighted)


def _slices(groups: Iterable[pa.Table], length: int) -> Iterator[pa.ListArray]:
    """The sentences, about `length` neighbours at a time."""
    for group in groups:
        sentences = group["tokens"].combine_chunks()
        for begin in range(0, len(sentences), length):
            yield sentences.slice(begin, length)


def _counted_in_turn(slices: Iterable[pa.ListArray]) -> list[pa.Table]:
    """COUNTS of PARTS parts that take the slices in turn, each word of a part once."""
    parts: list[list[pa.Table]] = [[] for _ in range(PARTS)]
    for number, sentences in enumerate(slices):
        parts[number % PARTS].append(count_sentences(sentences))
    return [summed(part, COUNTS, ["token"]) for part in parts]
