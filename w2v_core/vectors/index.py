"""Approximate nearest words by a graph of neighbors (HNSW).

index = NearestIndex.build(vectors)               # once: minutes for a million words
index.save("vectors.usearch")
index = NearestIndex.open("vectors.usearch", vectors)
index.most_similar("king")                        # as WordVectors, in a thousandth of the time
index.recall()                                    # the fraction of the true nearest that it finds

Needs usearch (pip install 'w2v[index]'). The graph: Malkov, Yashunin 2016, "Efficient and robust approximate nearest
neighbor search using Hierarchical Navigable Small World graphs".
"""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from w2v_core.errors import UserError
from w2v_core.io.filesystem import Location
from w2v_core.types import Float32Array, Int64Array
from w2v_core.vectors.arguments import require_topn
from w2v_core.vectors.nearest import clip_cosines
from w2v_core.vectors.word_vectors import Answers, Terms, WordVectors

BUILD_ROWS = 16_384
"""Words that are added at a time: what they take at length 1 is all that is held beside the index."""

NEIGHBORS, BUILD_SEARCH, SEARCH = 16, 128, 96
"""Of a word in the graph; looked at when a word is added; looked at for an answer."""


_SUM = ".sha256"


class NearestIndex:
    """`vectors` and a graph of them. Scores of the results of the graph are computed in float32."""

    def __init__(self, vectors: WordVectors, graph: Any) -> None:
        self.vectors = vectors
        self._graph = graph

    @classmethod
    def build(
        cls,
        vectors: WordVectors,
        *,
        neighbors: int = NEIGHBORS,
        build_search: int = BUILD_SEARCH,
        search: int = SEARCH,
        threads: int = 0,
    ) -> Self:
        """Build the graph of all words. Larger numbers find more of the nearest words and take longer.

        The order in which threads add words varies; with `threads=1` the same vectors give the same graph.
        Raises UserError without usearch, and for vectors that are not finite.
        """
        graph = _empty(vectors, neighbors, build_search, search)
        for begin in range(0, len(vectors), BUILD_ROWS):
            ids_B = np.arange(begin, min(begin + BUILD_ROWS, len(vectors)))
            graph.add(ids_B.astype(np.uint64), vectors.unit_rows(ids_B), threads=threads)
        return cls(vectors, graph)

    @classmethod
    def open(cls, path: Location, vectors: WordVectors, *, search: int = SEARCH) -> Self:
        """Open the graph of the same vectors at a local path, mapped into memory.

        The file is read once, for its checksum: usearch does not check mapped files, and a damaged graph would
        crash the process. Raises UserError if the file is missing or damaged, or its shape or a sample of its vectors
        differs.
        """
        path = os.fspath(path)
        if not Path(path).is_file() or not Path(f"{path}{_SUM}").is_file():
            raise UserError(
                f"{path} is not an index with a checksum in {path}{_SUM}; build an index and save it there"
            )
        if Path(f"{path}{_SUM}").read_bytes() != _checksum(path):
            raise UserError(f"{path} has changed since it was saved; build the index again")
        graph = _empty(vectors, NEIGHBORS, BUILD_SEARCH, search)
        try:
            graph.view(path)
        except Exception as error:  # of a C++ library, in no class of its own
            raise UserError(f"{path} is not an index: {error}; build it again") from None
        graph.expansion_search = search
        index = cls(vectors, graph)
        try:
            fits = index._fits()
        except (RuntimeError, ValueError) as error:
            raise UserError(f"{path} is damaged ({error}); build the index again") from None
        if not fits:
            raise UserError(f"{path} is the index of other vectors; build it again")
        return index

    def save(self, path: Location) -> None:
        """Write the graph atomically to a local path, and its checksum beside it.

        Raises UserError if the files cannot be written.
        """
        path = os.fspath(path)
        temporary = Path(f"{path}.draft")
        try:
            self._graph.save(str(temporary))
            checksum = _checksum(str(temporary))
            Path(f"{path}{_SUM}").unlink(missing_ok=True)
            temporary.replace(path)
            Path(f"{path}{_SUM}").write_bytes(checksum)
        except (OSError, RuntimeError) as error:
            with suppress(OSError):
                temporary.unlink()
            raise UserError(f"{path} cannot be written: {error}") from None

    def most_similar(self, positive: Terms = (), negative: Terms = (), topn: int = 10) -> Answers:
        """As `WordVectors.most_similar`, but some of the nearest may be missing."""
        return self.most_similar_batch([positive], [negative], topn)[0]

    def most_similar_batch(
        self, positive: Sequence[Terms], negative: Sequence[Terms] | None = None, topn: int = 10
    ) -> list[Answers]:
        """As `WordVectors.most_similar_batch`, but some of the nearest may be missing."""
        negative = [()] * len(positive) if negative is None else negative
        questions = [self.vectors.question(*terms) for terms in zip(positive, negative, strict=True)]
        require_topn(topn)
        return [self._answer(query_D, excluded, topn) for query_D, excluded in questions]

    def recall(self, topn: int = 10, num_words: int = 1000, seed: int = 1) -> float:
        """Return the fraction of the true `topn` nearest words that the graph finds, for a sample, in [0, 1].

        Raises UserError if the vocabulary has a single word.
        """
        if len(self.vectors) < 2:
            raise UserError("one word has no neighbours, so there is nothing to find")
        rng = np.random.default_rng(seed)
        ids_B = rng.choice(len(self.vectors), min(num_words, len(self.vectors)), replace=False)
        ids_B = ids_B[self.vectors.norms[ids_B] > 0]  # a zero vector has no neighbours
        if len(ids_B) == 0:
            raise UserError("every word of the sample has a zero vector, so there is nothing to find")
        words = [self.vectors.tokens[i] for i in ids_B.tolist()]
        exact, found = (asked.most_similar_batch(words, topn=topn) for asked in (self.vectors, self))
        pairs = zip(exact, found, strict=True)
        hits = sum(len({word for word, _ in a} & {word for word, _ in b}) for a, b in pairs)
        return hits / sum(map(len, exact))

    def _answer(self, query_D: Float32Array, excluded: Int64Array, topn: int) -> Answers:
        looked_at = max(
            topn + len(excluded), self._graph.expansion_search
        )  # so that a smaller topn is a prefix
        ids_K = self._graph.search(query_D, min(looked_at, len(self.vectors))).keys.astype(np.int64)
        ids_K = np.sort(ids_K[~np.isin(ids_K, excluded)])  # equal scores by id
        score_K = clip_cosines(self.vectors.unit_rows(ids_K) @ query_D)
        order = np.argsort(-score_K, kind="stable")[:topn]
        return [(self.vectors.tokens[ids_K[position]], float(score_K[position])) for position in order]

    def _fits(self) -> bool:
        if (len(self._graph), self._graph.ndim) != self.vectors.vectors.shape:
            return False
        ids_B = np.unique(np.linspace(0, len(self.vectors) - 1, 64).astype(np.int64))
        stored_BD = np.asarray(self._graph.get(ids_B.astype(np.uint64)), np.float32)
        return bool(np.allclose(stored_BD, self.vectors.unit_rows(ids_B), atol=0.01))


def _checksum(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().encode() + b"\n"


def _empty(vectors: WordVectors, neighbors: int, build_search: int, search: int) -> Any:
    numbers = {"neighbors": neighbors, "build_search": build_search, "search": search}
    if too_small := [name for name, number in numbers.items() if number < 1]:
        raise UserError(f"{too_small[0]} = {numbers[too_small[0]]} must be at least 1")
    try:
        from usearch.index import Index
    except ModuleNotFoundError:
        raise UserError("an index needs usearch: pip install 'w2v[index]'") from None
    return Index(
        ndim=vectors.vector_size,
        metric="cos",
        dtype="f16",
        connectivity=neighbors,
        expansion_add=build_search,
        expansion_search=search,
    )
