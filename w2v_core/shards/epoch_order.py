"""Which rows a worker trains next: a pure function of the shards, the seed, the epoch and the worker.

Every worker has its own part of the rows, the same in every epoch, so that it can keep what it has read. The
unit of reading is a row group. An epoch shuffles a worker's row groups and gathers as many of them into a block as
the buffer holds; the spans of a block are shuffled together. Two integers, rank and world_size, stand for a worker.

A span is a few rows that follow each other in the text. They share most of their words, so that a worker
finds in its cache what it would otherwise wait for, and stay together from the writing of a shard on; a batch
holds dozens of spans from anywhere. `docs/decisions/0006-spans.md` has the measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

ROWS_PER_SPAN = 16
_ORDER_OF_UNITS = 0  # what an epoch's generator is for


@dataclass(frozen=True)
class Unit:
    """A row group or a piece of it: its shard's place in the manifest, its own in the shard, and its rows."""

    shard: int
    row_group: int
    begin: int
    """the first row to train on, counted from the row group's first; those held out are before it"""
    end: int

    @property
    def num_rows(self) -> int:
        """Rows to train on."""
        return self.end - self.begin


@dataclass(frozen=True)
class BlockPlan:
    """Row groups whose spans are shuffled together. `number` counts the epoch's blocks over all workers."""

    epoch: int
    number: int
    units: tuple[Unit, ...]

    @property
    def num_rows(self) -> int:
        """Rows to train on."""
        return sum(unit.num_rows for unit in self.units)


def units_of(rows_by_shard: Sequence[int], row_group_rows: int, num_held_out: int) -> list[Unit]:
    """The row groups, of `row_group_rows` rows but for a shard's last, of shards of so many rows.

    The first `num_held_out` rows of the first are left out.
    """
    units: list[Unit] = []
    for shard, num_rows in enumerate(rows_by_shard):
        for row_group, first in enumerate(range(0, num_rows, row_group_rows)):
            begin = num_held_out if not units else 0
            units.append(Unit(shard, row_group, begin, min(row_group_rows, num_rows - first)))
    return units


def share_of(units: Sequence[Unit], rank: int, world_size: int) -> list[Unit]:
    """The units, or pieces of them, that are worker `rank`'s in every epoch.

    They follow each other, and hold as many rows as those of any other worker, but for one span.
    """
    num_rows = sum(unit.num_rows for unit in units)
    first, last = num_rows * rank // world_size, num_rows * (rank + 1) // world_size
    own, before = [], 0
    for unit in units:
        begin, end = (_cut(unit, row - before) for row in (first, last))
        if begin < end:
            own.append(replace(unit, begin=begin, end=end))
        before += unit.num_rows
    return own


def _cut(unit: Unit, row: int) -> int:
    """Where a unit is cut so that about `row` rows come before: between spans."""
    if row >= unit.num_rows:
        return unit.end
    return unit.begin + max(0, row - row % ROWS_PER_SPAN)


def epoch_plan(
    units: Sequence[Unit], units_per_block: int, seed: int, epoch: int, rank: int = 0, world_size: int = 1
) -> list[BlockPlan]:
    """The blocks that worker `rank` of `world_size` trains in `epoch`, in order."""
    own = share_of(units, rank, world_size)
    order = np.random.default_rng((seed, epoch, _ORDER_OF_UNITS, rank)).permutation(len(own))
    per_block = max(1, min(units_per_block, len(own) // 2))
    return [
        BlockPlan(
            epoch, world_size * position + rank, tuple(own[unit] for unit in order[begin : begin + per_block])
        )
        for position, begin in enumerate(range(0, len(own), per_block))
    ]
