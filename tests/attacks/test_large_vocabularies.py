"""Vocabularies as large as W2V_WORDS says, 20,000 words by default: from tokens through Spark to vectors.

`make attack-numbers` takes 1, 2 and 5 million and prints what each stage took.
"""

import os
import resource
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from w2v_core.config import TokenizeConfig, load_config
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import PartWriter, TaskResult, commit_parts
from w2v_core.runs.token_account import TokenAccount
from w2v_core.schemas import TOKENS
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import Vocabulary

SIZES = [int(number) for number in os.environ.get("W2V_WORDS", "20000").split()]
PARTS, WORDS_A_SENTENCE = 8, 20
SETTINGS = ("vocab.min_count=1", "vocab.sample=0", "shards.window=2", "train.vector_size=4", "train.epochs=1")


def words_of(numbers: np.ndarray) -> pa.StringArray:
    return pa.array([f"낱말{number:x}" for number in numbers.tolist()])


def tokens_stage(run: RunDir, num_words: int) -> None:
    """Every word twice, and those whose number 1,000 divides twice more: each part has a range of all of them."""
    numbers = np.concatenate(
        [np.arange(num_words), np.arange(num_words)[::-1], np.arange(0, num_words, 1000).repeat(2)]
    )
    with run.rewrite("tokens") as stage_writer:
        task_results = []
        for part, batch in enumerate(np.array_split(numbers, PARTS)):
            with PartWriter(stage_writer.temporary, TOKENS) as writer:
                for begin in range(0, len(batch), 1_000_000):
                    words = words_of(batch[begin : begin + 1_000_000])
                    offsets = np.append(np.arange(0, len(words), WORDS_A_SENTENCE), len(words)).astype(
                        np.int32
                    )
                    writer.write(pa.table([pa.ListArray.from_arrays(offsets, words)], schema=TOKENS))
            task_results.append(TaskResult.of(writer, TokenAccount(len(batch), len(batch)), {}, part=part))
        account = TokenAccount(len(numbers), len(numbers))
        files = commit_parts(stage_writer, task_results, PARTS)
        stage_writer.finish(config=TokenizeConfig(), inputs=[], files=files, tokens=account, counters={})


STAGES = (
    ("vocab", make_vocab),
    ("shards", make_shards),
    ("vectors", lambda run, config, _: train_vectors(run, config)),
)


@pytest.mark.parametrize("num_words", SIZES)
def test_every_word_gets_its_count_an_id_and_a_vector(tmp_path: Path, executor, num_words):
    run = RunDir.create(str(tmp_path / "run"))
    config = load_config(None, SETTINGS)
    tokens_stage(run, num_words)
    for name, stage in STAGES:
        started = time.monotonic()
        stage(run, config, executor)
        print(
            f"{num_words:,} words: {name} {time.monotonic() - started:.1f} s, {peak_mb():,} MB at most so far"
        )

    vocabulary = Vocabulary.read(run.stage("vocab"))
    assert len(vocabulary) == num_words
    counts_V = vocabulary.counts
    num_often = -(-num_words // 1000)
    assert (counts_V[:num_often] == 4).all()
    assert (counts_V[num_often:] == 2).all()
    assert vocabulary.noise_probability.sum() == pytest.approx(1, rel=1e-9)
    sample = np.random.default_rng(1).integers(0, num_words, 1000)
    ids = vocabulary.ids(words_of(sample))
    assert vocabulary.tokens.take(pa.array(ids)).equals(words_of(sample))
    assert vocabulary.ids(pa.array(["낱말", f"낱말{num_words:x}"])).tolist() == [-1, -1]
    account = run.require("shards").tokens
    assert (account.read, account.out_of_vocabulary) == (2 * num_words + 2 * num_often, 0)
    vectors = WordVectors.load(str(tmp_path / "run" / "vectors"))
    assert len(vectors) == num_words
    assert np.isfinite(vectors.vectors).all()
    assert len(vectors.most_similar(vectors.tokens[num_words - 1], topn=3)) == 3


def peak_mb() -> int:
    """Of this process; the workers' are their own."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
