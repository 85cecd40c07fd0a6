import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from finite_differences import dense, numeric_gradient

from w2v_core.reference.layers import Embedding, EmbeddingDot, NegativeSamplingLoss, SigmoidWithLoss
from w2v_core.reference.sparse_gradient import add_rows

V, D = 7, 4


def table(seed=0, dtype=np.float64):
    return np.random.default_rng(seed).normal(size=(V, D)).astype(dtype)


# Repeats within a row, between rows, and between the positive and the negative words; a negative that is
# absent; a row that is absent.
TARGET = np.array([1, 1, 6, -1], dtype=np.int32)
NEGATIVES = np.array([[2, 2, 0], [1, 6, -1], [2, 1, 0], [3, 4, 5]], dtype=np.int32)
H = np.random.default_rng(1).normal(size=(4, D))
for argument in (TARGET, NEGATIVES, H):
    argument.flags.writeable = False  # a layer that writes to its arguments fails


def cross_entropy(score, label):
    """-log of the probability given to the label, in 60 digits."""
    with localcontext() as context:
        context.prec = 60
        return float((1 + (Decimal(-score) if label else Decimal(score)).exp()).ln())


def loop_loss(weights, h, target, negatives, negative_weight):
    loss = 0.0
    for b, positive in enumerate(target):
        if positive == -1:
            continue
        loss += cross_entropy(float(weights[positive] @ h[b]), True)
        for negative in negatives[b]:
            if negative != -1:
                loss += negative_weight * cross_entropy(float(weights[negative] @ h[b]), False)
    return loss


# ── Embedding ───────────────────────────────────────────────────────────────────────────────────────────


def test_embedding_looks_rows_up_and_answers_minus_one_with_zeros():
    weights = table()
    out, _ = Embedding(weights).forward(np.array([[3, -1], [3, 0]]))
    np.testing.assert_array_equal(out, [[weights[3], [0] * D], [weights[3], weights[0]]])


def test_embedding_adds_up_the_gradient_of_a_repeated_id():
    _, backward = Embedding(table()).forward(np.array([[3, -1], [3, 0]]))
    gradient = backward(np.ones((2, 2, D)))
    np.testing.assert_array_equal(np.sort(gradient.ids), [0, 3, 3])
    expected = np.zeros((V, D))
    expected[3], expected[0] = 2, 1
    np.testing.assert_array_equal(dense(gradient, V), expected)


def test_embedding_gradient_is_the_slope():
    weights, ids = table(), np.array([[3, 3, -1], [0, 3, 6]])
    dout = np.random.default_rng(2).normal(size=(2, 3, D))
    layer = Embedding(weights)
    _, backward = layer.forward(ids)
    slope = numeric_gradient(lambda: float((layer.forward(ids)[0] * dout).sum()), weights)
    np.testing.assert_allclose(dense(backward(dout), V), slope, atol=1e-9)


def test_embedding_refuses_an_id_beyond_the_table():
    with pytest.raises(IndexError):
        Embedding(table()).forward(np.array([V]))


# ── EmbeddingDot ────────────────────────────────────────────────────────────────────────────────────────


def test_embedding_dot_agrees_with_a_loop():
    weights = table()
    score, _ = EmbeddingDot(weights).forward(H, NEGATIVES)
    for b, row in enumerate(NEGATIVES):
        for n, word in enumerate(row):
            expected = 0.0 if word == -1 else sum(weights[word, d] * H[b, d] for d in range(D))
            assert score[b, n] == pytest.approx(expected, rel=1e-12)


def test_embedding_dot_gradients_are_the_slopes():
    weights, h = table(), H.copy()
    dscore = np.random.default_rng(2).normal(size=NEGATIVES.shape)
    layer = EmbeddingDot(weights)
    dh, gradient = layer.forward(h, NEGATIVES)[1](dscore)

    def loss():
        return float((layer.forward(h, NEGATIVES)[0] * dscore).sum())

    np.testing.assert_allclose(dh, numeric_gradient(loss, h), atol=1e-9)
    np.testing.assert_allclose(dense(gradient, V), numeric_gradient(loss, weights), atol=1e-9)


# ── SigmoidWithLoss ─────────────────────────────────────────────────────────────────────────────────────


def test_sigmoid_with_loss_agrees_with_sixty_digits():
    scores = [-700.0, -40.0, -3.0, -1e-9, 0.0, 0.5, 20.0, 40.0, 700.0]
    for score in scores:
        for label in (True, False):
            loss, _ = SigmoidWithLoss().forward(np.array([score]), np.array([label]), np.ones(1))
            assert loss == pytest.approx(cross_entropy(score, label), rel=1e-14)


def test_sigmoid_with_loss_weighs_and_adds_up():
    score, label = np.array([[0.0, 2.0], [-1.0, 0.0]]), np.array([[True, False], [True, False]])
    loss, backward = SigmoidWithLoss().forward(score, label, np.array([[1.0, 0.5], [0.0, 3.0]]))
    assert loss == pytest.approx(math.log(2) + 0.5 * math.log(1 + math.exp(2)) + 3 * math.log(2), rel=1e-14)
    sigmoid_2 = 1 / (1 + math.exp(-2))
    np.testing.assert_allclose(backward(1.0), [[-0.5, 0.5 * sigmoid_2], [0, 1.5]], rtol=1e-14)
    np.testing.assert_allclose(backward(-2.0), [[1, -sigmoid_2], [0, -3]], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_a_thousand_million(dtype):
    score = np.array([1e9, -1e9, 1e9, -1e9], dtype=dtype)
    label = np.array([True, True, False, False])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for i, (loss_expected, dscore_expected) in enumerate([(0, 0), (1e9, -1), (1e9, 1), (0, 0)]):
            loss, backward = SigmoidWithLoss().forward(score[[i]], label[[i]], np.ones(1))
            assert loss == loss_expected
            assert backward(1.0) == dscore_expected
            assert backward(1.0).dtype == dtype


def test_the_loss_is_added_up_in_float64():
    """A million losses of log 2: float32 is off from the fourth digit when added one by one."""
    n = 1_000_000
    score = np.full(n, 1e-3, dtype=np.float32)
    loss, _ = SigmoidWithLoss().forward(score, np.zeros(n, dtype=bool), np.ones(n, dtype=np.float32))
    assert loss == pytest.approx(n * math.log(1 + math.exp(float(np.float32(1e-3)))), rel=1e-12)


# ── NegativeSamplingLoss ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("negative_weight", [1.0, 0.3, 0.0])
def test_negative_sampling_loss_agrees_with_a_loop(negative_weight):
    weights = table()
    loss, _ = NegativeSamplingLoss(weights, negative_weight).forward(H, TARGET, NEGATIVES)
    assert loss == pytest.approx(loop_loss(weights, H, TARGET, NEGATIVES, negative_weight), rel=1e-12)


@pytest.mark.parametrize("negative_weight", [1.0, 0.3])
def test_negative_sampling_loss_gradients_are_the_slopes(negative_weight):
    weights, h = table(), H.copy()
    layer = NegativeSamplingLoss(weights, negative_weight)
    dh, gradient = layer.forward(h, TARGET, NEGATIVES)[1](1.5)

    def loss():
        return 1.5 * layer.forward(h, TARGET, NEGATIVES)[0]

    np.testing.assert_allclose(dh, numeric_gradient(loss, h), atol=1e-8)
    np.testing.assert_allclose(dense(gradient, V), numeric_gradient(loss, weights), atol=1e-8)


def test_shared_negatives_weighted_are_the_expected_loss():
    """20 words that stand for 5 draws count 5 / 20 each: here each of 5 words comes four times."""
    weights, target, five = table(), TARGET[:3], np.array([[0, 2, 3, 4, 5]] * 3)
    drawn, _ = NegativeSamplingLoss(weights).forward(H[:3], target, five)
    shared, _ = NegativeSamplingLoss(weights, 5 / 20).forward(H[:3], target, np.repeat(five, 4, axis=1))
    assert shared == pytest.approx(drawn, rel=1e-12)


def test_a_step_against_the_gradient_lowers_the_loss():
    weights = table()
    layer = NegativeSamplingLoss(weights)
    before, backward = layer.forward(H, TARGET, NEGATIVES)
    add_rows(weights, backward(1.0)[1], -0.01)
    assert layer.forward(H, TARGET, NEGATIVES)[0] < before


def test_an_absent_row_gets_no_gradient_and_its_words_none():
    weights = table()
    _, backward = NegativeSamplingLoss(weights).forward(H, TARGET, NEGATIVES)
    dh, gradient = backward(1.0)
    np.testing.assert_array_equal(dh[3], 0)
    assert set(gradient.ids.tolist()) == {0, 1, 2, 6}  # 3, 4 and 5 stand only beside the absent target


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_and_gradients_stay_right_at_scores_of_a_thousand_million(dtype):
    weights = np.array([[1.0], [-1.0]], dtype=dtype)
    h, target, negatives = np.array([[1e9]], dtype=dtype), np.array([1]), np.array([[0]])
    loss, backward = NegativeSamplingLoss(weights).forward(h, target, negatives)
    dh, gradient = backward(1.0)
    assert loss == 2e9
    np.testing.assert_array_equal(dh, [[2]])
    np.testing.assert_array_equal(dense(gradient, 2), [[1e9], [-1e9]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_float_type_of_the_weights_is_kept(dtype):
    loss, backward = NegativeSamplingLoss(table(dtype=dtype), 0.3).forward(H.astype(dtype), TARGET, NEGATIVES)
    dh, gradient = backward(1.0)
    assert isinstance(loss, float)
    assert dh.dtype == gradient.rows.dtype == dtype


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_batch_and_a_batch_of_one(rows):
    weights = table()
    h, target, negatives = H[:rows], TARGET[:rows], NEGATIVES[:rows]
    loss, backward = NegativeSamplingLoss(weights).forward(h, target, negatives)
    dh, gradient = backward(1.0)
    assert loss == pytest.approx(loop_loss(weights, h, target, negatives, 1.0), rel=1e-12)
    assert dh.shape == (rows, D)
    assert gradient.rows.shape == (4 * rows, D)


def test_a_layer_used_twice_before_going_backward():
    weights = table()
    layer = NegativeSamplingLoss(weights)
    alone = layer.forward(H[:2], TARGET[:2], NEGATIVES[:2])[1](1.0)
    _, first_backward = layer.forward(H[:2], TARGET[:2], NEGATIVES[:2])
    layer.forward(H[2:], TARGET[2:], NEGATIVES[2:])
    np.testing.assert_array_equal(dense(first_backward(1.0)[1], V), dense(alone[1], V))


@pytest.mark.parametrize("negative_weight", [-0.5, float("nan"), float("inf")])
def test_a_negative_weight_that_weighs_nothing_sensible_is_refused(negative_weight):
    with pytest.raises(
        ValueError, match=f"negative_weight must be finite and at least 0, got {negative_weight}"
    ):
        NegativeSamplingLoss(table(), negative_weight)
