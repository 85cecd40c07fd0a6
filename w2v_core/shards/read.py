"""Shards to blocks of rows, in spans."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Queue
from threading import Event, Thread
from typing import TypeVar

import numpy as np
import pyarrow as pa

from w2v_core import schemas
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder
from w2v_core.io.parquet import read_row_group
from w2v_core.runs.manifest import FileEntry, Manifest
from w2v_core.shards.epoch_order import BlockPlan, Unit
from w2v_core.shards.spans import Spans
from w2v_core.types import Int32Array

T = TypeVar("T")
_ORDER_OF_SPANS = 1  # what a block's generator is for


@dataclass(frozen=True)
class Shards:
    """The shards of a run, what their manifest says of them, and how many words there are."""

    folder: Folder
    files: Sequence[FileEntry]
    window: int
    row_group_rows: int
    num_words: int
    passes: int = 1
    """independent draws of the same text, one after the other in `files`, each in as many"""
    weighted: bool = False
    compiled: bool = False
    """whether Numba turns rows to spans"""

    @classmethod
    def of(cls, folder: Folder, manifest: Manifest, num_words: int, compiled: bool = False) -> "Shards":
        """The shards that a manifest lists. UserError for a manifest that does not tell the size of a row group."""
        passes = int(manifest.config.get("passes", 1))
        weighted = bool(manifest.counters.get("weighted"))
        row_group_rows = manifest.counters.get("row_group_rows")
        if not row_group_rows:
            raise UserError(f"the shards in {folder} are of an earlier version; run `w2v shards` again")
        window = int(manifest.config["window"])
        return cls(folder, manifest.files, window, row_group_rows, num_words, passes, weighted, compiled)

    @property
    def rows_by_shard(self) -> list[int]:
        """Rows of each shard."""
        return [file.rows or 0 for file in self.files]

    def pass_of(self, unit: Unit) -> int:
        """The draw that a row group is of."""
        return unit.shard * self.passes // len(self.files)

    def read_unit(self, unit: Unit, begin: int, end: int) -> Spans:
        """Rows begin to end (exclusive) of a row group, as they stand there.

        UserError names a shard that is missing, damaged or foreign, or holds an id that is no word's.
        """
        name = self.files[unit.shard].name
        rows = read_row_group(self.folder, name, unit.row_group, schemas.shards(self.window, self.weighted))
        target_B, contexts_BW = as_arrays(rows.slice(begin, end - begin), self.window)
        return Spans.of_rows(target_B, contexts_BW, self.num_words, self.folder.file(name), self.compiled)


def as_arrays(rows: pa.Table, window: int) -> tuple[Int32Array, Int32Array]:
    """Rows of a shard as target (B,) and contexts (B, 2 * window)."""
    contexts = rows["contexts"].combine_chunks().flatten().to_numpy()
    return rows["target"].to_numpy(), contexts.reshape(-1, 2 * window)


class Reader:
    """Blocks of one worker. Units that it has read stay in memory, while there is room for them."""

    def __init__(self, shards: Shards, seed: int, cache_bytes: int) -> None:
        self._shards = shards
        self._seed = seed
        self._room = cache_bytes
        self._cache: dict[Unit, Spans] = {}

    def read(self, plan: BlockPlan) -> Spans:
        """The rows of a block, in an order that is a pure function of the plan and the seed.

        Errors as for `Shards.read_unit`.
        """
        block = Spans.joined([self._unit(unit) for unit in plan.units])
        rng = np.random.default_rng((self._seed, plan.epoch, _ORDER_OF_SPANS, plan.number))
        return block.permuted(rng.permutation(len(block.words)))

    def _unit(self, unit: Unit) -> Spans:
        found = self._cache.get(unit)
        if found is None:
            found = self._shards.read_unit(unit, unit.begin, unit.end)
            if found.nbytes <= self._room:
                self._cache[unit] = found
                self._room -= found.nbytes
        return found


def prefetched(make: Callable[[T], Spans], items: Iterable[T], depth: int = 2) -> Iterator[tuple[T, Spans]]:
    """(item, make(item)) in order, made by a thread that is at most `depth` ahead.

    What `make` raises is raised here. The thread ends with the iterator.
    """
    queue: Queue[tuple[T, Spans] | BaseException | None] = Queue(maxsize=depth)
    abandoned = Event()

    def produce() -> None:
        try:
            for item in items:
                queue.put((item, make(item)))
                if abandoned.is_set():
                    return
            queue.put(None)
        except BaseException as error:
            queue.put(error)

    thread = Thread(target=produce, daemon=True, name="shard reader")
    thread.start()
    try:
        while (found := queue.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        abandoned.set()
        while thread.is_alive():
            while not queue.empty():
                queue.get()
            thread.join(0.01)
