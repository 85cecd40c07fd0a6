"""The examples of `WordVectors`' docstrings run, with a small object as `wv`."""

import doctest
import inspect
from pathlib import Path

import numpy as np
import pytest

from w2v_core import WordVectors

EXAMPLES = {
    name: inspect.getdoc(value) or ""
    for owner in WordVectors.__mro__[:-1]
    for name, value in vars(owner).items()
    if not name.startswith("_")
} | {"WordVectors": inspect.getdoc(WordVectors) or ""}
"""The docstrings of the class and of what it has, by name. `doctest` alone does not find cached properties."""

NEEDS = {"to_pandas": "pandas"}


@pytest.fixture
def wv() -> WordVectors:
    """The vectors that the class's docstring makes."""
    vectors_VD = np.array([[3, 4], [-3, 4], [2, 0], [-2, 0]], np.float32)
    return WordVectors(["king", "queen", "man", "woman"], np.array([40, 30, 20, 10]), vectors_VD)


@pytest.fixture
def files(wv, tmp_path, monkeypatch) -> None:
    """A working directory with the files that the examples read."""
    monkeypatch.chdir(tmp_path)
    wv.save("vectors.txt", format="word2vec-text")
    Path("pairs.tsv").write_text("king\tman\t9\nking\tqueen\t5\nking\twoman\t1\nking\tchild\t4\n")
    Path("questions.txt").write_text(": family\nman king woman queen\n")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:pandas")
def test_examples_run(name, wv, files):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    names = {"wv": wv, "np": np, "WordVectors": WordVectors}
    examples = doctest.DocTestParser().get_doctest(EXAMPLES[name], names, name, None, 0)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples).failed == 0


def test_every_public_method_has_an_example():
    without = [name for name, text in EXAMPLES.items() if ">>> " not in text]
    assert without == ["read"]  # takes an open folder of a run
