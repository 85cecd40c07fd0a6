"""The loop: what it sees, how alpha falls, and that it is repeatable."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2v_core.config import ShardsConfig, TrainConfig
from w2v_core.errors import UserError
from w2v_core.sampler import UnigramSampler
from w2v_core.shards.read import Block
from w2v_core.trainer import Progress, batch_plan, learning_rate, train


class TwoTopics:
    """Shards in memory: words 0-4 occur with each other, words 5-9 with each other."""

    num_rows, window = 4000, 2

    def epoch(self, seed, epoch):
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
@pytest.mark.parametrize("alpha", [0.025, 0.1, 0.5])
@pytest.mark.parametrize("batch_size", [64, 512, 4096])
def test_the_loss_falls_and_stays_finite_even_where_every_word_comes_hundreds_of_times_a_batch(
    sg, alpha, batch_size
):
    tables, reports = trained(sg=sg, epochs=6, alpha=alpha, batch_size=batch_size)
    assert reports[-1].loss < 0.75 * reports[0].loss
    assert all(np.isfinite(table).all() for table in tables)


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
        def epoch(self, seed, epoch):
            SPOILT.input_VD[:] = np.nan
            yield from super().epoch(seed, epoch)

    from w2v_core import trainer

    SPOILT = trainer.initial_tables(10, 4, np.random.default_rng(0))
    monkeypatch.setattr(trainer, "initial_tables", lambda *_: SPOILT)
    with pytest.raises(UserError, match=r"the loss is nan in epoch 1 .* lower train.alpha"):
        train(Poisoned(), SAMPLER, TrainConfig(vector_size=4), lambda _: None)


def test_shards_config_is_not_the_trainers():
    assert "window" in ShardsConfig.model_fields
    assert "window" not in TrainConfig.model_fields
