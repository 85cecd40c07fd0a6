"""The loss on rows that nobody trains: the same rows, windows and noise at every report."""

import numpy as np

from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.training.engine.negatives import SharedNegatives
from w2v_core.training.engine.numpy_engine import batches, model_of
from w2v_core.training.engine.rows import Rows
from w2v_core.training.engine.tables import Tables
from w2v_core.training.engine.workspace import Workspace
from w2v_core.training.worker import TrainingJob

_HELD_OUT = 3  # what this generator is for


class HeldOut:
    """A sample of rows with their windows and noise, drawn once from the seed."""

    def __init__(self, job: TrainingJob) -> None:
        self._model = model_of(job.config)
        self._scratch = Workspace(len(job.counts))
        self._batches: list[tuple[Rows, SharedNegatives]] = []
        if job.num_held_out:
            block = job.shards.read_unit(job.units[0], 0, job.num_held_out)
            rng = np.random.default_rng((job.config.seed, _HELD_OUT))
            sampler = UnigramSampler(job.counts, job.ns_exponent)
            self._batches = list(batches(block, sampler, job.config, rng))

    def loss(self, tables: Tables) -> float | None:
        """Mean over the pairs, in float64; None where no row is held out. The tables stay as they are."""
        told = [self._model.step(tables, self._scratch, *batch, alpha=None) for batch in self._batches]
        num_pairs = sum(loss.num_pairs for loss in told)
        return sum(loss.total for loss in told) / num_pairs if num_pairs else None
