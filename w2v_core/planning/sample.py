"""A tokenized sample of the input: its figures, and its words in parts, from which growth is seen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from w2v_core.planning.growth import doublings
from w2v_core.runs.sentence_files import SentenceStage, sentence_groups
from w2v_core.vocabulary.hash_partition import summed
from w2v_core.vocabulary.word_counts import COUNTS, count_sentences

PARTS, SLICES_PER_PART = 8, 8
"""The sample is counted in so many parts, each of slices from all over it: how words grow is seen among them."""


@dataclass(frozen=True)
class Sample:
    """The tokens stage of a sample, and the seconds of one core that it took."""

    sentences: int
    tokens: int
    stage_bytes: int
    """of the sample as the tokens stage writes it"""
    levels: list[list[pa.Table]]
    """COUNTS of unions of its parts, by level"""
    tokenize_seconds: float
    count_seconds: float


def count_levels(sentences: SentenceStage) -> list[list[pa.Table]]:
    """Return COUNTS of PARTS parts of the sentences, of pairs of parts, and so on, up to all."""
    length = max(1, sentences.num_sentences // (PARTS * SLICES_PER_PART))
    groups = (
        group
        for part in sentences.parts
        for group in sentence_groups(sentences.folder, part, sentences.weighted)
    )
    return doublings(_counted_in_turn(_slices(groups, length)))


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
