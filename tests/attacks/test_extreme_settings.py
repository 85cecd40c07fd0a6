"""Numbers that a user can set, at their ends and beyond: refused by name, or finite vectors that have learnt."""

import math
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import Trained, run, shards_of, train

from w2v_core.config import Config, load_config
from w2v_core.errors import UserError
from w2v_core.training.engine.tables import require_finite

SMALL = ("vocab.min_count=1", "vocab.sample=0", "train.workers=1", "train.vector_size=8")


ENGINES = ["numpy", "compiled"] if find_spec("numba") else ["numpy"]


def config_of(*given: str) -> Config:
    return load_config(None, [*SMALL, *given])


def a_text(num_words: int, num_sentences: int = 200, length: int = 8) -> list[list[str]]:
    """Words as frequent as Zipf's law says, each followed by itself or the next one."""
    rng = np.random.default_rng(1)
    share_V = 1 / np.arange(1, num_words + 1)
    first = rng.choice(num_words, (num_sentences, length // 2), p=share_V / share_V.sum())
    second = (first + rng.integers(0, 2, first.shape)) % num_words
    return [[f"w{i}" for i in line] for line in np.stack([first, second], axis=2).reshape(num_sentences, -1)]


TEXTS = {
    "20 words": a_text(20),
    "one word": a_text(1),
    "two words": a_text(2),
    "three words": a_text(3),
    "every word once": [[f"u{line}-{place}" for place in range(8)] for line in range(40)],
    "one sentence of two words": [["a", "b"]],
    "a sentence of 600 words": [[f"w{i * i % 37}" for i in range(600)]],
}


def require_sensible(found: Trained, config: Config, falls: bool = True) -> None:
    require_finite(found.tables)
    input_VD, output_VD = found.tables
    assert {table.dtype for table in found.tables} == {np.dtype(np.float32)}
    assert len(input_VD) == 1 or (input_VD != input_VD[0]).any(), "all words have the same vector"
    assert output_VD.any(), "nothing was learnt"
    assert max(np.abs(table).max() for table in found.tables) < 1000
    assert found.untrained_loss == pytest.approx(math.log(2) * (1 + config.train.negative), rel=1e-3)
    if config.train.alpha is None and falls:
        # With one word what is told apart is the same on both sides.
        assert found.loss < found.untrained_loss * (1 if len(input_VD) > 1 else 1 + 1e-6)
    assert found.loss < 4 * found.untrained_loss


# Alone


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize(
    "setting",
    [
        ("shards.window=1",),
        ("shards.window=50",),
        ("shards.window=100",),
        ("train.vector_size=1",),
        ("train.vector_size=1024",),
        ("train.negative=1",),
        ("train.negative=100",),
        ("vocab.sample=1",),
        ("vocab.sample=1e-3",),
        ("vocab.ns_exponent=-2",),
        ("vocab.ns_exponent=-0.5",),
        ("vocab.ns_exponent=0",),
        ("vocab.ns_exponent=1",),
        ("vocab.ns_exponent=2",),
        ("train.alpha=1", "train.min_alpha=1"),
        ("train.epochs=1",),
        ("train.batch_size=16",),
        ("train.batch_size=16384",),  # more rows than there are
        ("train.buffer_rows=1",),
        ("train.heldout_rows=1000000",),
        ("vocab.max_final_vocab=1",),
        ("shards.passes=7",),
        ("shards.target_rows=1000", "shards.seed=9223372036854775807", "train.seed=9223372036854775807"),
    ],
    ids=" ".join,
)
def test_a_setting_at_its_end_makes_sensible_vectors(setting, sg, engine, tmp_path, inline):
    config = config_of(*setting, f"train.sg={sg}", f"train.engine={engine}")
    require_sensible(run(inline, TEXTS["20 words"], config, tmp_path), config)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("sg", [0, 1])
@pytest.mark.parametrize("negative", [1, 5, 100])
@pytest.mark.parametrize("name", TEXTS)
def test_a_vocabulary_smaller_than_a_batchs_noise_makes_sensible_vectors(
    name, negative, sg, engine, tmp_path, inline
):
    # A batch of 1,024 rows takes hundreds of steps of a word at once, and so do the noise words of a span, most of
    # which are the same. After those the loss need not be lower.
    for batch_size in (16, 1024):
        settings = (f"train.negative={negative}", f"train.sg={sg}", f"train.batch_size={batch_size}")
        config = config_of(*settings, f"train.engine={engine}")
        falls = batch_size == 16 and engine == "numpy"
        require_sensible(run(inline, TEXTS[name], config, tmp_path), config, falls)


@pytest.mark.parametrize("sg", [0, 1])
def test_the_smallest_learning_rate_moves_finitely(sg, tmp_path, inline):
    config = config_of(f"train.sg={sg}", "train.alpha=1e-9", "train.min_alpha=0")
    found = run(inline, TEXTS["20 words"], config, tmp_path)
    require_finite(found.tables)
    assert found.loss == pytest.approx(found.untrained_loss)


@pytest.mark.parametrize("workers", [2, 5])
def test_workers_without_rows_wait_for_the_others(workers, tmp_path, inline):
    config = config_of(f"train.workers={workers}")
    found = run(inline, TEXTS["one sentence of two words"], config, tmp_path)
    require_sensible(found, config)
    assert found.reports[-1].rows == 2 * config.train.epochs


# Refused, by key, value and bound


@pytest.mark.parametrize(
    ("setting", "bound"),
    [
        ("vocab.min_count=0", ">= 1"),
        ("vocab.min_count=4611686018427387905", "<= 4611686018427387904"),
        ("vocab.min_count=1000000000000000000000000", "<= 4611686018427387904"),
        ("vocab.max_final_vocab=0", ">= 1"),
        ("vocab.max_final_vocab=2147483647", "<= 2147483646"),
        ("vocab.sample=-0.1", ">= 0"),
        ("vocab.sample=1.1", "<= 1"),
        ("vocab.sample=nan", "finite"),
        ("vocab.ns_exponent=-2.1", ">= -2"),
        ("vocab.ns_exponent=2.1", "<= 2"),
        ("vocab.ns_exponent=inf", "finite"),
        ("shards.window=0", ">= 1"),
        ("shards.window=101", "<= 100"),
        ("shards.passes=0", ">= 1"),
        ("shards.seed=-1", ">= 0"),
        ("shards.seed=9223372036854775808", "< 9223372036854775808"),
        ("train.sg=2", "0 or 1"),
        ("train.vector_size=0", ">= 1"),
        ("train.vector_size=8193", "<= 8192"),
        ("train.epochs=0", ">= 1"),
        ("train.alpha=0", ">= 0.000000001"),
        ("train.alpha=-1", ">= 0.000000001"),
        ("train.alpha=5e-324", ">= 0.000000001"),
        ("train.alpha=1e+300", "<= 1"),
        ("train.alpha=nan", "finite"),
        ("train.min_alpha=0.06", "expected at most train.alpha = 0.05"),
        ("train.negative=0", ">= 1"),
        ("train.negative=101", "<= 100"),
        ("train.batch_size=1", ">= 16"),
        ("train.batch_size=16385", "<= 16384"),
        ("train.workers=0", ">= 1"),
        ("train.workers=257", "<= 256"),
    ],
)
def test_a_number_beyond_its_end_is_refused_by_name_value_and_bound(setting, bound):
    key, _, value = setting.partition("=")
    with pytest.raises(UserError) as refused:
        load_config(None, [setting])
    told = str(refused.value)
    assert bound in told
    assert key.rpartition(".")[2] in told
    assert value in told or "0.05" in bound


def test_a_threshold_that_no_word_reaches_names_the_highest_count(tmp_path, inline):
    with pytest.raises(UserError, match="vocab.min_count = 4611686018427387904 .* 1600"):
        run(inline, a_text(1), config_of("vocab.min_count=4611686018427387904"), tmp_path)


def test_a_sample_that_leaves_nothing_is_refused(tmp_path, inline):
    with pytest.raises(UserError, match="no word is left with a context"):
        run(inline, TEXTS["20 words"], config_of("vocab.sample=1e-300"), tmp_path)


def test_epochs_whose_passes_have_no_row_are_refused(tmp_path, inline):
    # Of the two draws of this seed only the second keeps two words.
    config = config_of("vocab.sample=0.02", "shards.passes=2", "shards.seed=4", "train.epochs=1")
    vocabulary, shards = shards_of(inline, [["a", "b", "c"]] * 2, config, tmp_path)
    assert [file.rows > 0 for file in shards.files] == [False, True]
    with pytest.raises(UserError, match="train.epochs = 1"):
        train(vocabulary, shards, config)


# Together

TOGETHER = {
    "shards.window": [1, 5, 50, 100],
    "shards.passes": [1, 3],
    "train.sg": [0, 1],
    "train.vector_size": [1, 3, 64],
    "train.epochs": [1, 4],
    "train.alpha": [None, 1e-3, 1.0],
    "train.min_alpha": [0, 1e-4],
    "train.negative": [1, 5, 100],
    "train.batch_size": [16, 1024, 16384],
    "train.buffer_rows": [1, 262144],
    "train.cache_mb": [0, 1024],
    "train.heldout_rows": [0, 10_000],
    "train.engine": ENGINES,
    "train.seed": [0, 2**63 - 1],
    "vocab.sample": [0, 1e-3, 1],
    "vocab.ns_exponent": [-2, -0.5, 0, 0.75, 1, 2],
    "vocab.min_count": [1, 5],
    "vocab.max_final_vocab": [None, 1, 3],
}
MEANINGLESS = {
    "train.alpha": 0,
    "train.min_alpha": 1,
    "train.negative": 0,
    "vocab.min_count": 2**62,
    "vocab.sample": 1e-300,
}
REFUSALS = (*MEANINGLESS, "vocab.max_final_vocab", "no word is left with a context", "the shards have no row")


def test_any_settings_together_are_refused_or_make_the_same_sensible_vectors_twice(attacks, inline):
    tried = {"refused": 0, "trained": 0}
    values = st.fixed_dictionaries({key: st.sampled_from(values) for key, values in TOGETHER.items()})
    spoiled = st.sampled_from([None] * 15 + [*MEANINGLESS])

    @settings(max_examples=attacks, deadline=None, derandomize=True, database=None)
    @given(values, spoiled, st.sampled_from([*TEXTS]))
    def attempt(chosen, meaningless, name):
        if meaningless:
            chosen[meaningless] = MEANINGLESS[meaningless]
        given = [f"{key}={value}" for key, value in chosen.items() if value is not None]
        try:
            config = config_of(*given)
            found, again = (trained_once(name, config, inline) for _ in range(2))
        except UserError as refusal:
            if not any(told in str(refusal) for told in REFUSALS):
                raise
            tried["refused"] += 1
            return
        assert meaningless is None or chosen["train.alpha"] == 1.0
        require_finite(found.tables)
        assert max(np.abs(table).max() for table in found.tables) < 1000
        if config.train.alpha is None:
            require_sensible(found, config, falls=False)
        assert [table.tobytes() for table in found.tables] == [table.tobytes() for table in again.tables]
        tried["trained"] += 1

    attempt()
    print(f"settings together: {tried}")
    assert min(tried.values()) > 0


def trained_once(name: str, config: Config, inline) -> Trained:
    with tempfile.TemporaryDirectory() as work:
        return run(inline, TEXTS[name], config, Path(work))
