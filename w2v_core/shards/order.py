"""Which rows a worker trains next: a pure function of the shards, the seed, the epoch and the worker.

The unit of reading is a row group. An epoch shuffles all row groups of all shards and gathers as many of
them into a block as the buffer holds; the rows of a block are shuffled together. Blocks go round the
workers. Two integers, rank and world_size, stand for a worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ROW_GROUP_ROWS = 65_536
"""Rows of every row group of a shard but its last."""

_ORDER_OF_UNITS = 0  # what an epoch's generator is for


@dataclass(frozen=True)
class Unit:
    """A row group: its shard's place in the manifest, its own place in the shard, and its rows."""

    shard: int
    row_group: int
    begin: int
    """the first row to train on; those before it are held out"""
    end: int

    @property
    def num_rows(self) -> int:
        """Rows to train on."""
        return self.end - self.begin


@dataclass(frozen=True)
class BlockPlan:
    """Row groups whose rows are shuffled together. `number` counts the epoch's blocks over all workers."""

    epoch: int
    number: int
    units: tuple[Unit, ...]

    @property
    def num_rows(self) -> int:
        """Rows to train on."""
        return sum(unit.num_rows for unit in self.units)


def units_of(rows_by_shard: Sequence[int], num_held_out: int) -> list[Unit]:
    """The row groups of shards of so many rows. The first `num_held_out` rows of the first are left out."""
    units = []
    for shard, num_rows in enumerate(rows_by_shard):
        for row_group, first in enumerate(range(0, num_rows, ROW_GROUP_ROWS)):
            begin = num_held_out if not units else 0
            units.append(Unit(shard, row_group, begin, min(ROW_GROUP_ROWS, num_rows - first)))
    return units


def epoch_plan(
    units: Sequence[Unit], buffer_rows: int, seed: int, epoch: int, rank: int = 0, world_size: int = 1
) -> list[BlockPlan]:
    """The blocks that worker `rank` of `world_size` trains in `epoch`, in order."""
    order = np.random.default_rng((seed, epoch, _ORDER_OF_UNITS)).permutation(len(units))
    per_block = max(1, buffer_rows // ROW_GROUP_ROWS)
    per_block = min(per_block, max(1, len(units) // (2 * world_size)))  # a few large blocks divide unevenly
    blocks = [
        BlockPlan(epoch, number, tuple(units[place] for place in order[begin : begin + per_block]))
        for number, begin in enumerate(range(0, len(units), per_block))
    ]
    return blocks[rank::world_size]
