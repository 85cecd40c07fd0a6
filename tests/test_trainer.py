"""The loop: what it sees, how alpha falls, and that it is repeatable."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.config import TrainConfig
from w2v_core.engine.tables import initial_tables, require_finite
from w2v_core.errors import UserError
from w2v_core.sampler import UnigramSampler
from w2v_core.shards.read import Block
from w2v_core.trainer import Progress, batch_plan, learning_rate, train


class TwoTopics:
    """Shards in memory: words 0-4 occur with each other, words 5-9 with each other."""

    num_rows, window = 4000, 2

    def epoch(self, seed, epoch, num_words):
        rng = np.random.default_rng((seed, epoch))
        for size in (2500, 1500):
            topic_B = rng.integers(0, 2, size)
            contexts = rng.integers(0, 5, (size, 4)) + 5 * topic_B[:, None]
            yield Block((rng.integers(0, 5, size) + 5 * topic_B).astype(np.int32), contexts.astype(np.int32))


SAMPLER = UnigramSampler(np.full(10, 100))


def trained(**settings):
    reports: list[Progress] = []
    tables = train(TwoTopics(), SAMPLER, TrainConfig(vector_size=16, **settings), reports.append)
    return tables, reports


@pytest.mark.parametrize("sg", [0, 1])
def test_words_of_one_topic_end_up_together(sg):
    tables, _ = trained(sg=sg, epochs=4)
    unit = tables.input_VD / np.linalg.norm(tables.input_VD, axis=1, keepdims=True)
    cosine = unit @ unit.T
    same = np.add.outer(np.arange(10) // 5, np.arange(10) // 5) != 1
    assert cosine[same].min() > cosine[~same].max() + 0.4


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("batch_size", [64, 512])
def test_the_loss_falls(sg, batch_size):
    _, reports = trained(sg=sg, epochs=6, batch_size=batch_size)
    assert reports[-1].loss < 0.6 * reports[0].loss


class Cycle:
    """Ten words, each between its two neighbours; every word comes 2,000 times an epoch."""

    num_rows, window = 20_000, 1

    def epoch(self, seed, epoch, num_words):
        target_B = np.random.default_rng((seed, epoch)).integers(0, 10, self.num_rows)
        contexts_BC = np.stack([(target_B - 1) % 10, (target_B + 1) % 10], axis=1)
        yield Block(target_B.astype(np.int32), contexts_BC.astype(np.int32))


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(("alpha", "batch_size"), [(0.5, 512), (0.1, 4096), (0.025, 16_384), (0.5, 16_384)])
@pytest.mark.parametrize("vector_size", [1, 2, 16])
def test_no_learning_rate_and_no_batch_size_diverges(sg, alpha, batch_size, vector_size):
    config = TrainConfig(
        vector_size=vector_size, sg=sg, alpha=alpha, min_alpha=alpha, batch_size=batch_size, epochs=40
    )
    reports: list[Progress] = []
    tables = train(Cycle(), SAMPLER, config, reports.append)
    require_finite(tables)
    assert reports[-1].loss < 2 * reports[0].loss
    assert max(np.abs(table).max() for table in tables) < 100


def test_tables_that_are_not_finite_are_refused():
    tables = initial_tables(70_000, 2, np.random.default_rng(0))
    require_finite(tables)
    tables.output_VD[69_999, 1] = np.inf
    with pytest.raises(UserError, match="training diverged"):
        require_finite(tables)


def test_one_seed_gives_the_same_bytes_and_another_does_not():
    one, again, other = trained(epochs=1)[0], trained(epochs=1)[0], trained(epochs=1, seed=2)[0]
    assert one.input_VD.tobytes() == again.input_VD.tobytes()
    assert one.output_VD.tobytes() == again.output_VD.tobytes()
    assert one.input_VD.tobytes() != other.input_VD.tobytes()


def test_progress_tells_every_row_once_and_alpha_falls_to_its_end():
    _, reports = trained(epochs=2, alpha=0.04, min_alpha=0.01)
    assert [report.rows for report in reports] == [2500, 4000, 6500, 8000]
    assert [report.epoch for report in reports] == [1, 1, 2, 2]
    alphas = [report.alpha for report in reports]
    assert alphas == sorted(alphas, reverse=True)
    assert 0.01 <= alphas[-1] < 0.012


def test_alpha_by_hand():
    assert [learning_rate(0.5, 0.1, done) for done in (0, 0.5, 1)] == pytest.approx([0.5, 0.3, 0.1])


@given(st.integers(0, 3000), st.integers(1, 700), st.integers(1, 100))
def test_a_plan_covers_every_row_once_in_even_groups(num_rows, batch_size, group_size):
    plan = list(batch_plan(num_rows, batch_size, group_size))
    assert [begin for begin, _, _ in plan] == [0, *[end for _, end, _ in plan]][: len(plan)]
    assert (plan[-1][1] if plan else 0) == num_rows
    for begin, end, num_groups in plan:
        assert 0 < end - begin <= batch_size
        assert (end - begin) % num_groups == 0
        assert (end - begin) // num_groups <= group_size


def test_a_loss_that_is_no_number_stops_the_run(monkeypatch):
    class Poisoned(TwoTopics):
        def epoch(self, seed, epoch, num_words):
            SPOILT.input_VD[:] = np.nan
            yield from super().epoch(seed, epoch, num_words)

    from w2v_core import trainer

    SPOILT = trainer.initial_tables(10, 4, np.random.default_rng(0))
    monkeypatch.setattr(trainer, "initial_tables", lambda *_: SPOILT)
    with pytest.raises(UserError, match=r"the loss is nan in epoch 1 .* lower train.alpha"):
        train(Poisoned(), SAMPLER, TrainConfig(vector_size=4), lambda _: None)
