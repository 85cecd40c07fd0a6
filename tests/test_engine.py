"""The fast step against the layers, and scattering against a loop."""

import numpy as np
import pytest
from contexts import contexts_of
from hypothesis import given, settings
from hypothesis import strategies as st

from w2v_core.reference import scatter_add as row_products
from w2v_core.reference.models import CBOW, SkipGram
from w2v_core.reference.sparse_gradient import RowGradient, add_rows
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.shards.epoch_order import ROWS_PER_SPAN
from w2v_core.shards.spans import Spans
from w2v_core.shards.windows import NO_WORD
from w2v_core.training.engine import cbow, skip_gram
from w2v_core.training.engine.bound import StepBound, Terms
from w2v_core.training.engine.negatives import draw_shared
from w2v_core.training.engine.rows import prepare
from w2v_core.training.engine.scores import softplus_sum, to_sigmoid
from w2v_core.training.engine.tables import Tables, initial_tables
from w2v_core.training.engine.workspace import Workspace

NUM_WORDS, SIZE, NEGATIVE, NUM_SHARED = 12, 5, 3, 8


def a_batch(rng: np.random.Generator, num_rows: int, window: int = 3):
    """Text of few words, so that ids repeat and noise meets positives, in sentences of two to nine words.

    Targets, contexts, and how far each row sees.
    """
    ids = rng.integers(0, NUM_WORDS, num_rows, dtype=np.int32)
    begins = np.zeros(num_rows, bool)
    begins_at = np.cumsum(rng.integers(2, 10, num_rows))
    begins[begins_at[begins_at <= num_rows - 2]] = True
    contexts_BW = contexts_of(ids, np.cumsum(begins), window)
    return ids, contexts_BW, rng.integers(1, window + 1, num_rows)


def seen_contexts(contexts_BW, reach_B):
    """The contexts within reach, and -1 for the others."""
    distance_W = np.arange(contexts_BW.shape[1]) // 2 + 1
    return np.where(distance_W <= reach_B[:, None], contexts_BW, NO_WORD)


def as_rows(target_B, contexts_BW, reach_B, real=np.float32):
    block = Spans.of_rows(target_B, contexts_BW, NUM_WORDS, "memory")
    filled_up = np.append(reach_B, np.ones(len(block) - len(target_B), int))
    return prepare(block, filled_up, real)


def random_tables(rng: np.random.Generator) -> Tables:
    return Tables(rng.normal(size=(NUM_WORDS, SIZE)), rng.normal(size=(NUM_WORDS, SIZE)))


def negatives_of(positive: np.ndarray, ids_GK: np.ndarray) -> np.ndarray:
    """Every pair draws its group's noise; a group is 32 rows."""
    group = np.arange(len(positive)) // 32
    shared = ids_GK[group].reshape(len(positive), *[1] * (positive.ndim - 1), -1)
    shared = np.broadcast_to(shared, (*positive.shape, ids_GK.shape[1]))
    return np.where(positive[..., None] == NO_WORD, NO_WORD, shared)


@pytest.mark.parametrize("num_groups", [1, 3])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("engine", "layers"), [(cbow, CBOW), (skip_gram, SkipGram)])
def test_the_step_is_the_layers_gradient(engine, layers, seed, num_groups):
    rng = np.random.default_rng(seed)
    tables = random_tables(rng)
    before = Tables(*(table.copy() for table in tables))
    target_B, contexts_BW, reach_B = a_batch(rng, 32 * num_groups - 5)  # so that a span must be filled up
    noise = draw_shared(UnigramSampler(np.arange(1, NUM_WORDS + 1)), num_groups, NUM_SHARED, NEGATIVE, rng)
    alpha = 1e-3  # short enough that no step is bounded

    seen_BW = seen_contexts(contexts_BW, reach_B)
    positive = target_B if layers is CBOW else seen_BW
    model = layers(*before, negative_weight=NEGATIVE / NUM_SHARED)
    shared = negatives_of(positive, noise.ids)
    loss, backward = model.forward(target_B, seen_BW, shared)
    gradients = backward(1.0)
    input_rows = gradients.input.rows
    if layers is CBOW:  # each context moves by the mean's whole gradient, as in word2vec.c
        num_contexts_B = (seen_BW != NO_WORD).sum(axis=1)
        input_rows = input_rows * np.repeat(num_contexts_B, num_contexts_B)[:, None]
    expected = Tables(*(table.copy() for table in before))
    add_rows(expected.input, RowGradient(gradients.input.ids, input_rows), -alpha)
    add_rows(expected.output, gradients.output, -alpha)

    rows = as_rows(target_B, contexts_BW, reach_B, np.float64)
    told = engine.step(tables, Workspace(NUM_WORDS, np.float64), rows, noise, alpha, with_loss=True)
    for found, wanted, old in zip(tables, expected, before, strict=True):
        np.testing.assert_allclose(found - old, wanted - old, rtol=1e-5, atol=1e-12)
        assert np.abs(wanted - old).max() > alpha / 10
    assert told is not None
    assert told.num_pairs == loss.num_pairs
    assert told.total == pytest.approx(loss.total, rel=1e-6)


@pytest.mark.parametrize("engine", [cbow, skip_gram])
def test_frozen_words_keep_their_vectors_and_the_others_move(engine):
    rng = np.random.default_rng(1)
    tables, is_frozen_V = random_tables(rng), np.arange(NUM_WORDS) % 3 == 0
    before = tables.input.copy()
    noise = draw_shared(UnigramSampler(np.ones(NUM_WORDS, int)), 1, NUM_SHARED, NEGATIVE, rng)
    rows = as_rows(*a_batch(rng, 64), np.float64)
    engine.step(tables, Workspace(NUM_WORDS, np.float64, is_frozen_V), rows, noise, 0.1)
    moved_V = (tables.input != before).any(axis=1)
    assert moved_V.tolist() == (~is_frozen_V).tolist()


@pytest.mark.parametrize("engine", [cbow, skip_gram])
def test_float32_stays_float32_and_the_loss_is_told_only_when_asked(engine):
    rng = np.random.default_rng(1)
    tables = initial_tables(NUM_WORDS, SIZE, rng)
    noise = draw_shared(UnigramSampler(np.ones(NUM_WORDS, int)), 1, NUM_SHARED, NEGATIVE, rng)
    rows = as_rows(*a_batch(rng, 16))
    assert engine.step(tables, Workspace(NUM_WORDS), rows, noise, 0.1) is None
    assert {table.dtype for table in tables} == {np.dtype(np.float32)}


def test_tables_begin_around_zero_as_word2vec_has_it():
    tables = initial_tables(1000, 50, np.random.default_rng(1))
    assert not tables.output.any()
    low, high = tables.input.min(), tables.input.max()
    assert -0.5 / 50 <= low < -0.499 / 50
    assert 0.499 / 50 < high <= 0.5 / 50
    assert abs(tables.input.mean()) < 1e-4


# The bound


def test_a_words_summed_step_is_scaled_by_how_far_it_would_reach():
    bound = StepBound(5)
    # 2 * (2 * 3 + 2 * 1) / 4 = 4 for word 1
    terms = Terms(np.array([1, 1, 2], np.int32), np.array([2 * 3, 2 * 1, 1], np.float32))
    # word 2: 2 * (1 + 0.5) / 4 < 1; word 3: 2 * (1 * 200) / 4 = 100
    more = Terms(np.array([2, 3], np.int32), np.array([0.5, 200], np.float32))
    for _ in range(2):  # the sums are zero again between batches
        steps, others = bound.steps(2.0, terms, more)
        assert steps.tolist() == [-0.5, -0.5, -2.0]
        assert others.tolist() == pytest.approx([-2.0, -0.02])


@pytest.mark.parametrize("engine", [cbow, skip_gram])
def test_a_step_a_thousand_times_too_long_is_cut_short(engine):
    rng = np.random.default_rng(2)
    tables = random_tables(rng)
    size = max(np.abs(table).max() for table in tables)
    noise = draw_shared(UnigramSampler(np.ones(NUM_WORDS, int)), 8, NUM_SHARED, NEGATIVE, rng)
    for _ in range(50):
        engine.step(
            tables, Workspace(NUM_WORDS, np.float64), as_rows(*a_batch(rng, 8 * 64), np.float64), noise, 25.0
        )
    assert max(np.abs(table).max() for table in tables) < 20 * size


@pytest.mark.parametrize("window", [1, 3, 20])
def test_rows_of_a_block_are_cut_without_a_loss(window):
    target_B, contexts_BW, reach_B = a_batch(np.random.default_rng(3), 80, window)
    part = as_rows(target_B, contexts_BW, reach_B).part(16, 64)
    assert part.targets.tolist() == target_B[16:64].tolist()
    seen_BW = seen_contexts(contexts_BW, reach_B)[16:64]
    mask, mean = part.mask(Workspace(NUM_WORDS)), part.mean(Workspace(NUM_WORDS))
    words = np.repeat(part.words[:, None], ROWS_PER_SPAN, axis=1)
    for row in range(48):
        at = divmod(row, ROWS_PER_SPAN)
        expected = seen_BW[row][seen_BW[row] != NO_WORD].tolist()
        assert sorted(words[at][mask[at] == 1].tolist()) == sorted(expected)
        assert mask[at].sum() == part.num_contexts[row] == len(expected)
        np.testing.assert_allclose(mean[at], mask[at] / len(expected))
    assert (part.num_rows, part.num_pairs) == (48, (seen_BW != NO_WORD).sum())


# Noise


def test_shared_noise_weighs_what_a_row_would_draw():
    noise = draw_shared(UnigramSampler(np.array([50, 3, 2, 1])), 6, 16, 5, np.random.default_rng(0))
    assert noise.ids.shape == (6, 16)
    assert noise.weight * 16 == 5
    assert noise.part(2, 4).ids.tolist() == noise.ids[2:4].tolist()


# Scores


def test_sigmoid_is_right_at_the_ends():
    score = np.array([-1e9, -100, 0, 100, 1e9], np.float32)
    with np.errstate(over="ignore"):
        found = to_sigmoid(score)
    np.testing.assert_allclose(found, [0, 0, 0.5, 1, 1], atol=1e-30)
    assert found is score


def test_the_loss_by_hand():
    assert softplus_sum(np.array([0.0, 1e9]), np.array([2.0, 0.0])) == pytest.approx(2 * np.log(2))
    assert softplus_sum(np.array([1e9, -1e9], np.float32)) == 1e9


# Scattering


@settings(deadline=None)
@given(
    st.integers(0, 8), st.integers(1, 6), st.sampled_from([np.float32, np.float64]), st.integers(0, 10_000)
)
def test_both_ways_of_scattering_equal_the_loop(num_rows, size, real, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, 5, num_rows, dtype=np.int32)
    weights, table, rows = (rng.normal(size=s).astype(real) for s in (num_rows, (5, size), (num_rows, size)))
    scattered = table.copy()
    for row in range(num_rows):
        scattered[ids[row]] += weights[row] * rows[row]
    for scatter in (row_products.scatter_rows, row_products.scatter_rows_publicly):
        changed = table.copy()
        scatter(changed, ids, weights, rows)
        np.testing.assert_allclose(changed, scattered, rtol=1e-4, atol=1e-5)


def test_the_fast_way_is_the_one_in_use_here():
    assert row_products.csc_matvecs is not None, "SciPy's private module moved: training runs, but slower"


def test_without_the_private_module_the_public_way_is_taken(monkeypatch):
    monkeypatch.setattr(row_products, "csc_matvecs", None)
    table = np.zeros((4, 2))
    add_rows(table, RowGradient(np.array([1, 1, 3]), np.ones((3, 2))), 0.5)
    assert table.tolist() == [[0, 0], [1, 1], [0, 0], [0.5, 0.5]]


def test_a_gradient_of_one_row_is_added():
    table = np.zeros((2, 1))
    add_rows(table, RowGradient(np.array([1]), np.ones((1, 1))), 0.5)
    assert table.tolist() == [[0], [0.5]]


@pytest.mark.parametrize("ids", [[0, 4], [4, 0], [-1, 3], [3, -1]])
def test_one_id_beyond_the_table_among_others_is_refused(ids):
    table = np.zeros((4, 2))
    with pytest.raises(IndexError, match=f"ids from {min(ids)} to {max(ids)} in a table of 4 rows"):
        add_rows(table, RowGradient(np.array(ids), np.ones((2, 2))), 1.0)
    assert not table.any()
