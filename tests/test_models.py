import numpy as np
import pytest
from finite_differences import dense, numeric_gradient

from w2v_core.reference.models import CBOW, SkipGram
from w2v_core.reference.sparse_gradient import add_rows
from w2v_core.reference.unigram_sampler import UnigramSampler

V, D = 8, 3

# A word twice in one window, a word that is context here and target there, windows cut short, a row with no
# context at all, a row with no target, and a row of one context.
TARGET = np.array([1, 2, 1, 5, -1, 3], dtype=np.int32)
CONTEXTS = np.array(
    [[2, 2, 3, 0], [1, -1, 3, -1], [2, 0, -1, -1], [-1, -1, -1, -1], [6, 2, -1, 0], [-1, 4, -1, -1]],
    dtype=np.int32,
)
# SkipGram's, and CBOW's: a negative repeated, one that is absent, one that is a target elsewhere.
NEGATIVES_BCK = np.random.default_rng(5).integers(-1, 5, size=(6, 4, 3))
NEGATIVES_BK = np.array([[4, 4, 2], [0, -1, 1], [4, 2, 3], [0, 1, 2], [0, 1, 2], [5, 0, 6]], dtype=np.int32)
for argument in (TARGET, CONTEXTS, NEGATIVES_BCK, NEGATIVES_BK):
    argument.flags.writeable = False  # a model that writes to its arguments fails
BATCHES = {CBOW: (TARGET, CONTEXTS, NEGATIVES_BK), SkipGram: (TARGET, CONTEXTS, NEGATIVES_BCK)}
NUM_PAIRS = {CBOW: 4, SkipGram: 4 + 2 + 2 + 1}

both_models = pytest.mark.parametrize("model_class", [CBOW, SkipGram])


def tables(dtype=np.float64, scale=1.0):
    rng = np.random.default_rng(0)
    return [(scale * rng.normal(size=(V, D))).astype(dtype) for _ in range(2)]


def pair_loss(h, out_VD, positive, negatives, negative_weight):
    loss = np.log1p(np.exp(-out_VD[positive] @ h))
    for negative in negatives:
        if negative >= 0:
            loss += negative_weight * np.log1p(np.exp(out_VD[negative] @ h))
    return loss


def cbow_loop(in_VD, out_VD, target, contexts, negatives, negative_weight):
    loss = 0.0
    for b in range(len(target)):
        present = [c for c in contexts[b] if c >= 0]
        if present and target[b] >= 0:
            h = sum(in_VD[c] for c in present) / len(present)
            loss += pair_loss(h, out_VD, target[b], negatives[b], negative_weight)
    return loss


def skip_gram_loop(in_VD, out_VD, target, contexts, negatives, negative_weight):
    loss = 0.0
    for b in range(len(target)):
        for c in range(contexts.shape[1]):
            if target[b] >= 0 and contexts[b, c] >= 0:
                loss += pair_loss(in_VD[target[b]], out_VD, contexts[b, c], negatives[b, c], negative_weight)
    return loss


LOOPS = {CBOW: cbow_loop, SkipGram: skip_gram_loop}


@both_models
@pytest.mark.parametrize("negative_weight", [1.0, 0.25])
def test_loss_agrees_with_a_loop(model_class, negative_weight):
    in_VD, out_VD = tables()
    loss, _ = model_class(in_VD, out_VD, negative_weight).forward(*BATCHES[model_class])
    expected = LOOPS[model_class](in_VD, out_VD, *BATCHES[model_class], negative_weight)
    assert loss.total == pytest.approx(expected, rel=1e-12)
    assert loss.num_pairs == NUM_PAIRS[model_class]


@both_models
@pytest.mark.parametrize("negative_weight", [1.0, 0.25])
def test_gradients_are_the_slopes_of_the_loop(model_class, negative_weight):
    in_VD, out_VD = tables()
    _, backward = model_class(in_VD, out_VD, negative_weight).forward(*BATCHES[model_class])
    gradients = backward(1.5)

    def loss():
        return 1.5 * LOOPS[model_class](in_VD, out_VD, *BATCHES[model_class], negative_weight)

    np.testing.assert_allclose(dense(gradients.input, V), numeric_gradient(loss, in_VD), atol=1e-8)
    np.testing.assert_allclose(dense(gradients.output, V), numeric_gradient(loss, out_VD), atol=1e-8)


def test_cbow_worked_by_hand():
    """Contexts 2 and 4 have mean 3; both words score 0, so both sigmoids are 1/2."""
    in_VD, out_VD = np.array([[0.0], [2.0], [4.0]]), np.zeros((3, 1))
    batch = np.array([0]), np.array([[1, 2, -1]]), np.array([[1]])
    loss, backward = CBOW(in_VD, out_VD).forward(*batch)
    assert loss.total == pytest.approx(2 * np.log(2))
    np.testing.assert_allclose(dense(backward(1.0).output, 3), [[-1.5], [1.5], [0]])

    out_VD[:] = [[2.0], [0.0], [0.0]]  # the target scores 2 * 3 = 6; each context gets half of dh
    dh = (1 / (1 + np.exp(-6)) - 1) * 2
    gradient = CBOW(in_VD, out_VD).forward(*batch)[1](1.0).input
    np.testing.assert_allclose(dense(gradient, 3), [[0], [dh / 2], [dh / 2]])


def test_skip_gram_trains_the_targets_input_vector_and_the_contexts_output_vectors():
    in_VD, out_VD = tables()
    _, backward = SkipGram(in_VD, out_VD).forward(np.array([1]), np.array([[2, 3]]), np.array([[[4], [4]]]))
    gradients = backward(1.0)
    assert set(gradients.input.ids.tolist()) == {1}
    assert set(gradients.output.ids.tolist()) == {2, 3, 4}


@both_models
def test_padding_changes_nothing(model_class):
    in_VD, out_VD = tables()
    target, contexts, negatives = BATCHES[model_class]
    contexts = np.pad(contexts, ((0, 2), (0, 3)), constant_values=-1)
    target = np.append(target, [1, -1])
    width = [(0, 2), (0, 3), (0, 1)] if negatives.ndim == 3 else [(0, 2), (0, 1)]
    padded = target, contexts, np.pad(negatives, width, constant_values=-1)

    model = model_class(in_VD, out_VD)
    (loss, backward), (padded_loss, padded_backward) = (
        model.forward(*BATCHES[model_class]),
        model.forward(*padded),
    )
    assert padded_loss == (pytest.approx(loss.total, rel=1e-14), loss.num_pairs)
    for gradient, of_padded in zip(backward(1.0), padded_backward(1.0), strict=True):
        np.testing.assert_allclose(dense(of_padded, V), dense(gradient, V), rtol=1e-12, atol=1e-15)


@both_models
def test_the_sum_does_not_depend_on_how_rows_are_batched(model_class):
    model = model_class(*tables())
    batch, _ = model.forward(*BATCHES[model_class])
    rows = [model.forward(*(array[[b]] for array in BATCHES[model_class]))[0] for b in range(len(TARGET))]
    assert sum(row.total for row in rows) == pytest.approx(batch.total, rel=1e-12)
    assert sum(row.num_pairs for row in rows) == batch.num_pairs


@both_models
@pytest.mark.parametrize("rows", [[], [0], [3]])  # no row, one row, one row without a context
def test_an_empty_batch_and_a_batch_of_one(model_class, rows):
    in_VD, out_VD = tables()
    batch = [array[rows] for array in BATCHES[model_class]]
    loss, backward = model_class(in_VD, out_VD).forward(*batch)
    gradients = backward(1.0)
    assert loss.total == pytest.approx(LOOPS[model_class](in_VD, out_VD, *batch, 1.0), rel=1e-12)
    assert (loss.num_pairs > 0) == (rows == [0])
    if rows != [0]:
        assert not dense(gradients.input, V).any()
        assert not dense(gradients.output, V).any()


@both_models
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_float_type_of_the_tables_is_kept(model_class, dtype):
    loss, backward = model_class(*tables(dtype), 0.25).forward(*BATCHES[model_class])
    gradients = backward(1.0)
    assert isinstance(loss.total, float)
    assert gradients.input.rows.dtype == gradients.output.rows.dtype == dtype


@both_models
def test_float32_agrees_with_float64(model_class):
    gradients = [
        model_class(*tables(t)).forward(*BATCHES[model_class])[1](1.0) for t in (np.float32, np.float64)
    ]
    for single, double in zip(*gradients, strict=True):
        np.testing.assert_allclose(dense(single, V), dense(double, V), atol=1e-5)


@both_models
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_a_thousand_million(model_class, dtype):
    model = model_class(*tables(dtype, scale=3e4))
    loss, backward = model.forward(*BATCHES[model_class])
    assert 1e9 < loss.total < np.inf
    for gradient in backward(1.0):
        assert np.isfinite(gradient.rows).all()


@both_models
def test_a_hundred_steps_learn_the_batch(model_class):
    """The loss may fall below what a model that knows nothing pays: log 2 for each of the 1 + K words."""
    in_VD, out_VD = tables(scale=0.1)
    model, rng = model_class(in_VD, out_VD), np.random.default_rng(0)
    target, contexts, _ = BATCHES[model_class]
    sampler = UnigramSampler(np.arange(1, V + 1), sample_size=3)
    positives = target if model_class is CBOW else contexts
    for _ in range(100):
        loss, backward = model.forward(target, contexts, sampler.get_negative_sample(positives, rng))
        gradients = backward(1.0)
        add_rows(in_VD, gradients.input, -0.2)
        add_rows(out_VD, gradients.output, -0.2)
    assert loss.total / loss.num_pairs < 0.7 * 4 * np.log(2)
