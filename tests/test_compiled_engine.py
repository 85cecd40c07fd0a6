"""The compiled engine against the layers, its bound, its noise, and where it is kept."""

import time

import numpy as np
import pytest
from contexts import contexts_of

pytest.importorskip("numba")

from numba import njit
from numba.core import caching

from w2v_core.config import TrainConfig
from w2v_core.errors import UserError
from w2v_core.reference.models import CBOW, SkipGram
from w2v_core.reference.sparse_gradient import RowGradient, add_rows
from w2v_core.reference.unigram_sampler import UnigramSampler
from w2v_core.shards import compiled_spans as compiled_spans_module
from w2v_core.shards.compiled_spans import compiled_spans
from w2v_core.shards.spans import Spans
from w2v_core.shards.windows import NO_WORD
from w2v_core.training.engine import choose, compiled, kernels
from w2v_core.training.engine.choose import choose_engine
from w2v_core.training.engine.compiled import kernels_for
from w2v_core.training.engine.tables import Tables

NUM_WORDS, SIZE, NEGATIVE = 12, 5, 6


def random_spans(
    rng: np.random.Generator, num_rows: int, window: int = 3
) -> tuple[Spans, np.ndarray, np.ndarray]:
    """Text of few words, in sentences of two to nine; the spans, targets and contexts."""
    ids = rng.integers(0, NUM_WORDS, num_rows, dtype=np.int32)
    begins = np.zeros(num_rows, bool)
    begins_at = np.cumsum(rng.integers(2, 10, num_rows))
    begins[begins_at[begins_at <= num_rows - 2]] = True
    contexts_BW = contexts_of(ids, np.cumsum(begins), window)
    return Spans.of_rows(ids, contexts_BW, NUM_WORDS, "memory"), ids, contexts_BW


def random_tables(rng: np.random.Generator, length: float = 1.0) -> Tables:
    return Tables(*(length * rng.normal(size=(NUM_WORDS, SIZE)) for _ in range(2)))


def train(sg, tables, spans, noise, alpha, *, frozen=(), negative=NEGATIVE):
    """Train one block by the compiled function, and return the pairs, the loss and the pairs of the loss."""
    found = kernels_for(TrainConfig(sg=sg, vector_size=tables.input.shape[1], negative=negative))
    is_frozen = np.zeros(len(tables.input), np.bool_)
    is_frozen[list(frozen)] = True
    loss = np.zeros(2)
    pairs = found.train_block(
        *(table.reshape(-1) for table in tables),
        spans.words,
        spans.left,
        spans.right,
        noise,
        is_frozen,
        alpha,
        0.0,
        negative / found.set_size,
        loss,
    )
    return pairs, *loss


def random_noise(sg, spans, rng, negative=NEGATIVE):
    found = kernels_for(TrainConfig(sg=sg, vector_size=SIZE, negative=negative))
    shape = len(spans.words), found.num_sets * found.set_size
    return rng.integers(0, NUM_WORDS, shape, dtype=np.int32), found


def layers_step(sg, before, ids, contexts_BW, noise, found, alpha, frozen=()):
    """The tables after a step along the layers' gradient, with the same noise for each row, and the loss."""
    rows = np.arange(len(ids))
    sets = noise.reshape(len(noise), found.num_sets, found.set_size)[rows // 16, rows % 16 % found.num_sets]
    layers, positive = (SkipGram, contexts_BW) if sg else (CBOW, ids)
    negatives = np.broadcast_to(
        sets.reshape(len(ids), *[1] * (positive.ndim - 1), -1), (*positive.shape, found.set_size)
    )
    negatives = np.where(positive[..., None] == NO_WORD, NO_WORD, negatives)
    model = layers(*before, negative_weight=NEGATIVE / found.set_size)
    loss, backward = model.forward(ids, contexts_BW, negatives)
    gradients = backward(1.0)
    input_rows = gradients.input.rows
    if not sg:  # each context moves by the mean's whole gradient, as in word2vec.c
        num_contexts_B = (contexts_BW != NO_WORD).sum(axis=1)
        input_rows = input_rows * np.repeat(num_contexts_B, num_contexts_B)[:, None]
    input_rows = np.where(np.isin(gradients.input.ids, list(frozen))[:, None], 0.0, input_rows)
    expected = Tables(*(table.copy() for table in before))
    add_rows(expected.input, RowGradient(gradients.input.ids, input_rows), -alpha)
    add_rows(expected.output, gradients.output, -alpha)
    return expected, loss


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("num_rows", [2, 16, 91])
@pytest.mark.parametrize("frozen", [(), (0, 3, 7)])
@pytest.mark.parametrize("seed", range(3))
def test_rows_move_along_the_layers_gradient(sg, num_rows, frozen, seed):
    rng = np.random.default_rng(seed)
    tables = random_tables(rng)
    before = Tables(*(table.copy() for table in tables))
    spans, ids, contexts_BW = random_spans(rng, num_rows)
    noise, found = random_noise(sg, spans, rng)
    alpha = 1e-7  # so short a step that it makes no difference to the next
    expected, loss = layers_step(sg, before, ids, contexts_BW, noise, found, alpha, frozen)
    pairs, loss_sum, loss_pairs = train(sg, tables, spans, noise, alpha, frozen=frozen)
    for moved, wanted, old in zip(tables, expected, before, strict=True):
        farthest = np.abs(wanted - old).max()
        np.testing.assert_allclose(moved - old, wanted - old, rtol=1e-4, atol=1e-5 * farthest)
        assert farthest > alpha / 10 or frozen
    assert pairs == loss.num_pairs
    if num_rows <= 16:  # a span; the next whose loss is summed is the 65th
        assert loss_pairs == loss.num_pairs
        assert loss_sum == pytest.approx(loss.total, rel=1e-6)


@pytest.mark.parametrize("sg", [0, 1])
def test_scores_of_a_billion(sg):
    rng = np.random.default_rng(1)
    tables = random_tables(rng, 3e4)
    before = Tables(*(table.copy() for table in tables))
    assert np.abs(before.input @ before.output.T).max() > 1e9
    spans, ids, contexts_BW = random_spans(rng, 16)
    noise, found = random_noise(sg, spans, rng)
    alpha = 1e-13
    expected, _ = layers_step(sg, before, ids, contexts_BW, noise, found, alpha)
    train(sg, tables, spans, noise, alpha)
    for moved, wanted, old in zip(tables, expected, before, strict=True):
        np.testing.assert_allclose(moved - old, wanted - old, rtol=1e-2, atol=1e-10)


@pytest.mark.parametrize("sg", [0, 1])
def test_rows_without_contexts_move_nothing(sg):
    rng = np.random.default_rng(1)
    tables = random_tables(rng)
    before = Tables(*(table.copy() for table in tables))
    spans, *_ = random_spans(rng, 32)
    spans.left[:], spans.right[:] = 0, 0
    noise, _ = random_noise(sg, spans, rng)
    assert train(sg, tables, spans, noise, 0.1) == (0, 0.0, 0.0)
    for moved, old in zip(tables, before, strict=True):
        assert np.array_equal(moved, old)


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("num_rows", [2, 16, 160])
def test_no_step_carries_a_score_further_than_the_bound(sg, num_rows):
    rng = np.random.default_rng(2)
    tables = random_tables(rng, 30.0)
    size = max(np.abs(table).max() for table in tables)
    spans, *_ = random_spans(rng, num_rows)
    for _ in range(30):
        noise, _ = random_noise(sg, spans, rng)
        train(sg, tables, spans, noise, 1.0)
    assert all(np.isfinite(table).all() for table in tables)
    assert max(np.abs(table).max() for table in tables) < 20 * size


def test_a_row_moves_its_score_by_the_bound_and_no_further():
    """One CBOW row with one context; its noise scores so low that it moves nothing."""
    tables = Tables(np.zeros((3, 2)), np.zeros((3, 2)))
    tables.input[0], tables.output[1] = [8.0, 0.0], [-8.0, 0.0]
    tables.output[2] = [-9.0, 0.0]
    contexts = np.array([[0, -1], [1, -1]], np.int32)
    spans = Spans.of_rows(np.array([1, 0], np.int32), contexts, 3, "memory")
    spans.left[:], spans.right[:] = 0, 0
    spans.words[0, :2] = [0, 1]
    spans.left[0] = 1
    train(0, tables, spans, np.full((1, 4 * 1), 2, np.int32), 1.0, negative=1)
    # |h|^2 = |v|^2 = 64: each would move by 64, and moves by 4
    assert tables.output[1] == pytest.approx([-8.0 + 4 / 8, 0.0])
    assert tables.input[0] == pytest.approx([8.0 - 4 / 8, 0.0])


def one_row(own: int, context: int) -> Spans:
    """A span of which only the first row has contexts: one word, four times."""
    words_SL = np.full((1, 16 + 4), context, np.int32)
    words_SL[0, 2] = own
    left_B, right_B = np.zeros((2, 16), np.uint8)
    left_B[0] = right_B[0] = 2
    return Spans(words_SL, left_B, right_B)


@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(("h", "v"), [(0.01, -30.0), (30.0, -0.01), (-30.0, 30.0)])
def test_a_context_that_comes_four_times_moves_each_score_by_the_bound(sg, h, v):
    """`h` predicts, `v` is scored; the noise words are zero and move nothing."""
    tables = Tables(np.zeros((3, 2)), np.zeros((3, 2)))
    own, context = 0, 1
    predicting, scored = (own, context) if sg else (context, own)
    tables.input[predicting, 0], tables.output[scored, 0] = h, v
    found = kernels_for(TrainConfig(sg=sg, vector_size=2, negative=1))
    noise = np.full((1, found.num_sets * found.set_size), 2, np.int32)
    train(sg, tables, one_row(own, context), noise, 1.0, negative=1)
    moved_h, moved_v = tables.input[predicting, 0] - h, tables.output[scored, 0] - v
    assert moved_h * v == pytest.approx(4.0 if abs(v) > 1 else 0.0, abs=0.05)
    assert moved_v * h == pytest.approx(4.0 if abs(h) > 1 else 0.0, abs=0.05)


@pytest.mark.parametrize("sg", [0, 1])
def test_copies_of_one_noise_word_move_it_as_far_as_one(sg):
    """A vocabulary of two words, whose noise is one of them many times over."""
    tables = Tables(np.full((2, 4), 3.0), np.zeros((2, 4)))
    ids = np.zeros(16, np.int32)
    spans = Spans.of_rows(ids, contexts_of(ids, np.zeros(16, int), 2), 2, "memory")
    found = kernels_for(TrainConfig(sg=sg, vector_size=4, negative=NEGATIVE))
    noise = np.ones((1, found.num_sets * found.set_size), np.int32)
    train(sg, tables, spans, noise, 1.0)
    h2 = 36.0
    most = 16 / found.num_sets * 4.0  # a set's rows one after the other
    assert np.abs(tables.output[1] @ np.full(4, 3.0)) <= most * 1.5 * max(1.0, (tables.input**2).sum() / h2)


def test_sigmoid_is_exact_to_single_precision():
    @njit
    def of(scores):
        out = np.empty_like(scores)
        kernels._sigmoids(scores, out, len(scores))
        return out

    x = np.concatenate([np.linspace(-40, 40, 8192), [-1e9, 1e9, -np.inf, np.inf, 0.0, -0.0, 1e-30, 88.0]])
    with np.errstate(over="ignore"):
        wanted = 1 / (1 + np.exp(-x))
    found = of(x.astype(np.float32))
    assert np.abs(found - wanted).max() < 3e-7
    assert found.min() >= 0.0
    assert found.max() <= 1.0
    assert np.isnan(of(np.full(8, np.nan, np.float32))).all()


def test_noise_is_spread_over_the_distribution():
    counts = np.array([1000, 300, 100, 30, 10, 0 + 1])
    sampler = UnigramSampler(counts)
    noise = np.empty((4000, 5), np.int32)
    draw = kernels.noise_kernel()
    draw(sampler.edges, sampler.word_of_rank, np.uint64(7), noise)
    found = np.bincount(noise.ravel(), minlength=6)
    assert np.abs(found - sampler.probabilities * noise.size).max() <= 2  # strata leave no more to chance
    again, other = np.empty_like(noise), np.empty_like(noise)
    draw(sampler.edges, sampler.word_of_rank, np.uint64(7), again)
    draw(sampler.edges, sampler.word_of_rank, np.uint64(8), other)
    assert np.array_equal(noise, again)
    assert not np.array_equal(noise, other)
    # no set looks like the one before it
    assert np.abs(np.corrcoef(noise[:-1, 0], noise[1:, 0])[0, 1]) < 0.1


@pytest.mark.parametrize("window", [1, 2, 5, 20])
def test_compiled_spans_are_the_numpy_ones_and_refuse_what_those_refuse(window):
    rng = np.random.default_rng(window)
    refused = 0
    for trial in range(150):
        num_rows = int(rng.integers(2, 70))
        _, ids, contexts_BW = random_spans(rng, num_rows, window)
        if trial:  # one wrong number
            wrong = contexts_BW if trial % 2 else ids[:, None]
            wrong[rng.integers(num_rows), rng.integers(wrong.shape[1])] = rng.integers(-2, NUM_WORDS + 2)
        found, refusal = compiled_spans(ids, contexts_BW, NUM_WORDS), None
        try:
            wanted = Spans.of_rows(ids, contexts_BW, NUM_WORDS, "memory")
        except UserError as error:
            refusal = error
        assert (found is None) == (refusal is not None)
        if found is None:
            refused += 1
            continue
        for values, others in zip(found, (wanted.words, wanted.left, wanted.right), strict=True):
            assert np.array_equal(values, others)
    assert refused > 20


@pytest.mark.parametrize("wrong", [NUM_WORDS, -2])
def test_a_target_beyond_the_vocabulary_is_refused_where_no_other_row_has_it_as_context(wrong):
    contexts_BW = np.array([[NO_WORD, 1], [NO_WORD, 0]], np.int32)
    assert compiled_spans(np.array([NUM_WORDS - 1, 1], np.int32), contexts_BW, NUM_WORDS) is not None
    assert compiled_spans(np.array([wrong, 1], np.int32), contexts_BW, NUM_WORDS) is None


@pytest.mark.parametrize(("row", "side"), [(14, 1), (17, 0)])
def test_a_context_beyond_its_span_is_compared_with_that_of_the_outermost_row(row, side):
    ids = (np.arange(32) % NUM_WORDS).astype(np.int32)
    contexts_BW = contexts_of(ids, np.zeros(32, np.int64), 3)
    assert compiled_spans(ids, contexts_BW, NUM_WORDS) is not None
    contexts_BW[row, 2 * 2 + side] = (contexts_BW[row, 2 * 2 + side] + 1) % NUM_WORDS
    assert compiled_spans(ids, contexts_BW, NUM_WORDS) is None


def test_every_context_of_one_long_sentence_is_compared_as_numpy_does():
    ids = np.arange(40, dtype=np.int32)
    contexts_BW = contexts_of(ids, np.zeros(40, int), 3)
    refused = 0
    for row, column in np.argwhere(contexts_BW >= 0):
        for wrong in ((contexts_BW[row, column] + 1) % 40, 40, -2):
            wrong_BW = contexts_BW.copy()
            wrong_BW[row, column] = wrong
            is_refused = compiled_spans(ids, wrong_BW, 40) is None
            assert is_refused == numpy_refuses(ids, wrong_BW, 40), (row, column, wrong)
            refused += is_refused
    assert refused > 600


def numpy_refuses(ids: np.ndarray, contexts_BW: np.ndarray, num_words: int) -> bool:
    try:
        Spans.of_rows(ids, contexts_BW, num_words, "memory")
    except UserError:
        return True
    return False


def test_rows_that_numba_turned_to_spans_are_returned():
    _, ids, contexts_BW = random_spans(np.random.default_rng(1), 40)
    found, wanted = (Spans.of_rows(ids, contexts_BW, NUM_WORDS, "memory", by) for by in (True, False))
    assert np.array_equal(found.words, wanted.words)


def test_without_a_folder_to_write_spans_are_compiled_all_the_same(monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    _, ids, contexts_BW = random_spans(np.random.default_rng(1), 40)
    kernel = compiled_spans_module._kernel.__wrapped__()
    words_SL, sides = np.zeros((3, 22), np.int32), np.zeros((2, 48), np.uint8)
    assert kernel(ids, contexts_BW, NUM_WORDS, words_SL, *sides)


def test_without_a_folder_to_write_the_loop_is_compiled_all_the_same(monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    with pytest.raises(RuntimeError):
        kernels._noise_function(on_disk=True)
    draw = kernels._on_disk_or_not(kernels._noise_function)
    noise = np.empty((2, 3), np.int32)
    draw(np.array([0.0, 1.0]), np.zeros(1, np.int32), np.uint64(1), noise)
    assert noise.tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("wanted", "before", "name"), [("auto", None, "compiled"), ("auto", "numpy", "numpy")]
)
def test_auto_is_the_compiled_engine_but_for_a_training_begun_with_the_other(wanted, before, name):
    assert choose_engine(wanted, before) == name


def test_without_numba_auto_is_numpy_and_compiled_is_refused(monkeypatch):
    monkeypatch.setattr(choose, "find_spec", lambda _: None)
    assert choose_engine("auto") == "numpy"
    with pytest.raises(UserError, match=r"train.engine.*w2v\[fast\]"):
        choose_engine("compiled")


def test_compiling_is_said_where_it_takes_long(monkeypatch, caplog):
    monkeypatch.setattr(choose, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(compiled, "kernels_for", lambda _: time.sleep(0.2))
    with caplog.at_level("INFO", logger="w2v"):
        choose.prepare_kernels(TrainConfig(sg=1, vector_size=24))
    assert "skip-gram, 24 dimensions" in caplog.text


@pytest.mark.parametrize(
    ("settings", "engine", "alphas"),
    [
        ({"sg": 1}, "compiled", (0.04, 0.004)),
        ({"sg": 0}, "compiled", (0.06, 0.006)),
        ({"sg": 1}, "numpy", (0.025, 0.0001)),
        ({"sg": 0}, "numpy", (0.05, 0.0001)),
        ({"sg": 1, "min_alpha": 0.0001}, "compiled", (0.04, 0.0001)),
        ({"sg": 1, "min_alpha": 0.02}, "compiled", (0.04, 0.02)),
        ({"sg": 1, "alpha": 0.025}, "compiled", (0.025, 0.0001)),
    ],
)
def test_the_learning_rates_that_are_taken_where_none_is_given(settings, engine, alphas):
    config = choose.with_default_alpha(TrainConfig(**settings), engine)
    assert (config.start_alpha, config.min_alpha) == pytest.approx(alphas)
