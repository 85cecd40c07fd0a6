"""The loss on rows that nobody trains: the same rows, windows and noise at every report."""

import numpy as np

from w2v_core.engine.negatives import SharedNegatives
from w2v_core.engine.noise import against_noise
from w2v_core.engine.rows import Rows
from w2v_core.engine.scores import softplus_sum
from w2v_core.engine.tables import Tables
from w2v_core.row_products import gather_rows
from w2v_core.sampler import UnigramSampler
from w2v_core.training.share import Job, batches

_HELD_OUT = 3  # what this generator is for


class HeldOut:
    """A fixed sample of (row, noise), drawn once from the seed."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._batches: list[tuple[Rows, SharedNegatives]] = []
        if job.num_held_out:
            block = job.shards.read_unit(job.units[0], 0, job.num_held_out)
            rng = np.random.default_rng((job.config.seed, _HELD_OUT))
            sampler = UnigramSampler(job.counts, job.ns_exponent)
            self._batches = list(batches(block, job.model, sampler, job.config, rng))

    def loss(self, tables: Tables) -> float | None:
        """Mean over the pairs, in float64; None where no row is held out. Changes nothing."""
        total, num_pairs = 0.0, 0
        for rows, noise in self._batches:
            loss, pairs = _skip_gram(tables, rows, noise) if self.job.config.sg else _cbow(tables, rows, noise)
            total, num_pairs = total + loss, num_pairs + pairs
        return total / num_pairs if num_pairs else None
