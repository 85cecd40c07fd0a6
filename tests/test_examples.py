"""The trainers of docs/examples read a run's files and learn from them what was planted there."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from planted import GROUPS, contrast, planted_lines

from w2v_core import WordVectors
from w2v_core.runs.run_directory import RunDir

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


@pytest.fixture
def run(make_run, tmp_path) -> RunDir:
    (tmp_path / "text").write_text("\n".join(planted_lines(3000)))
    return make_run(
        tmp_path / "text", "vocab.sample=0", "shards.window=5", "train.epochs=1", "train.vector_size=16"
    )


def trained(example: str, run: RunDir, output: str, *options: str) -> tuple[WordVectors, list[float]]:
    """The vectors that an example writes, and the losses it tells."""
    path = Path(run.location).parent / output
    command = [sys.executable, str(EXAMPLES / example), run.location, str(path)]
    told = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    losses = re.findall(r"loss ([\d.,]+)", told.stdout)
    return WordVectors.load(str(path)), [float(loss.replace(",", "")) for loss in losses]


def test_nothing_learnt_has_no_contrast():
    words = [word for group in GROUPS for word in group]
    drawn = np.random.default_rng(0).normal(size=(len(words), 16)).astype(np.float32)
    random = WordVectors(words, np.ones(len(words), np.int64), drawn)
    assert abs(contrast(random)) < 0.05


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_pytorch_learns_from_the_shards(run):
    vectors, losses = trained("torch_trainer.py", run, "torch", "--size", "16", "--epochs", "3")
    assert len(losses) == 3
    assert losses[0] > losses[1] > losses[2]
    assert contrast(vectors) > 0.3


@pytest.mark.skipif(importlib.util.find_spec("gensim") is None, reason="gensim is not installed")
def test_gensim_learns_from_the_sentences(run):
    vectors, _ = trained("gensim_trainer.py", run, "gensim.bin", "--size", "16", "--epochs", "3")
    assert contrast(vectors) > 0.3


@pytest.mark.skipif(importlib.util.find_spec("gensim") is None, reason="gensim is not installed")
def test_gensim_goes_on_from_the_vectors(run):
    ours = WordVectors.load(f"{run.location}/vectors")
    after, _ = trained("gensim_trainer.py", run, "after.bin", "--go-on", "--epochs", "1")
    assert contrast(after) > 0.5
    assert (
        own_cosine(after, ours) > 0.9
    )  # 0.67 where it starts from nothing, as both draw the same first vectors


def own_cosine(first: WordVectors, second: WordVectors) -> float:
    """The mean cosine of a word's two vectors."""
    one, other = (vectors[[word for group in GROUPS for word in group]] for vectors in (first, second))
    return float(np.mean((one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)))
