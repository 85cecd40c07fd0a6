"""The page for the book's readers: every Python block on it runs, in order, in one namespace."""

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[1] / "docs" / "from-the-book.md"


@pytest.fixture(scope="module")
def namespace():
    """What the page's code has made when the last block is done."""
    page = PAGE.read_text(encoding="utf-8")
    names = {}
    for block in re.finditer(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE):
        first_line = page.count("\n", 0, block.start(1))
        exec(compile("\n" * first_line + block[1], PAGE, "exec"), names)
    return names


def test_the_page_runs(namespace):
    assert {"sampler", "loss_layer", "model", "mean_losses"} <= set(namespace)


def test_the_loop_on_the_page_learns(namespace):
    losses = namespace["mean_losses"]
    assert np.mean(losses[-20:]) < 0.6 * losses[0]


def test_every_file_the_page_names_exists():
    paths = re.findall(r"`((?:w2v_core|tests|docs)/[\w/]+\.(?:py|md))`", PAGE.read_text(encoding="utf-8"))
    assert len(paths) >= 8
    assert [path for path in paths if not (PAGE.parents[1] / path).exists()] == []
