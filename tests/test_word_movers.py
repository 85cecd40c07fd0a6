"""The word mover's distance: POT and SciPy agree, and both with distances worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from w2v_core import WordVectors
from w2v_core.errors import UserError
from w2v_core.vectors import word_movers
from w2v_core.vectors.word_movers import linear_program, transport_cost

ROWS = np.array([[3, 4], [-3, 4], [2, 0], [-2, 0], [2, 0], [0, 0]], np.float32)
WORDS = ["king", "queen", "man", "woman", "male", "zero"]


@pytest.fixture
def wv() -> WordVectors:
    return WordVectors(WORDS, np.arange(6, 0, -1), ROWS)


@pytest.fixture(params=["installed", "absent"])
def pot(request, monkeypatch) -> None:
    """Once with POT, where it is installed, and once without."""
    if request.param == "absent":
        monkeypatch.setattr(word_movers, "_pot", lambda: None)
    else:
        pytest.importorskip("ot")


@pytest.mark.parametrize(
    ("first", "second", "norm", "expected"),
    [
        ("king man", "queen man", False, 3),  # half of the weight goes 6 along the first axis
        ("king man", "queen man", True, 0.6),
        ("man", "woman", False, 4),
        ("man man man woman", "man woman woman woman", False, 2),  # half of the weight goes 4
        ("king", "king", True, 0),
        ("man", "male", False, 0),  # other words at the same place, for which gensim returns infinity
        ("zero", "king", True, 1),
        ("man child", "man", False, 0),
    ],
)
def test_distances_by_hand(wv, pot, first, second, norm, expected):
    assert wv.wmdistance(first.split(), second.split(), norm=norm) == pytest.approx(expected, abs=1e-6)


def test_a_document_without_known_words_is_at_infinity_and_logged(wv, caplog):
    assert wv.wmdistance(["child"], ["king"]) == wv.wmdistance(["king"], []) == np.inf
    assert len(caplog.records) == 2


def test_a_text_is_not_a_document(wv):
    with pytest.raises(UserError, match="document2: expected a list of words, got the text 'king'"):
        wv.wmdistance(["king"], "king")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 1000))
def test_pot_and_scipy_agree(num, other_num, seed):
    pytest.importorskip("ot")
    random = np.random.default_rng(seed)
    masses = [random.integers(1, 9, size) for size in (num, other_num)]
    mass_N, other_mass_M = (each / each.sum() for each in masses)
    cost_NM = cdist(random.normal(size=(num, 3)), random.normal(size=(other_num, 3)))
    found = transport_cost(mass_N, other_mass_M, cost_NM)
    assert found == pytest.approx(linear_program(mass_N, other_mass_M, cost_NM), abs=1e-9)
    assert found <= mass_N @ cost_NM @ other_mass_M + 1e-9
