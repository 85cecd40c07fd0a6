"""The stages: what they make, skip, redo and refuse."""

import json
import shutil
from collections import Counter
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_settings import small_config
from words_by_hand import words_of

from w2v_core.errors import UserError
from w2v_core.executors.local import LocalExecutor
from w2v_core.pipeline.evaluate import evaluate_vectors
from w2v_core.pipeline.run import run_pipeline
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.verify import verify
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.artifacts import STAGES
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.token_account import TokenAccount
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import keep_probability


def bytes_of(run: RunDir, stage: str) -> dict[str, bytes]:
    """Every file of a stage but metrics.jsonl, which tells times."""
    names = [file.name for file in run.require(stage).files if not file.name.endswith(".jsonl")]
    return {name: (Path(run.folder.path) / stage / name).read_bytes() for name in names}


def sentences_by_hand(corpus: Path) -> list[list[str]]:
    lines = [
        line for path in corpus.rglob("*.txt") for line in path.read_text().split("\n") if line != "</doc>"
    ]
    return [tokens for tokens in map(words_of, lines) if tokens]


def test_the_whole_pipeline_accounts_for_every_token(make_run, corpus):
    run = make_run(corpus)
    sentences = sentences_by_hand(corpus)
    counts = Counter(token for tokens in sentences for token in tokens)
    num_tokens = sum(counts.values())

    tokens, vocab, shards = (run.require(stage) for stage in ("tokens", "vocab", "shards"))
    assert tokens.tokens.read == tokens.tokens.kept == vocab.tokens.read == shards.tokens.read == num_tokens
    assert tokens.counters["sentences"] == len(sentences)
    assert tokens.counters["doc_lines"] == 100
    assert vocab.counters["distinct_words"] == len(counts)

    table = pq.read_table(f"{run.folder.path}/vocab/vocab.parquet")
    expected = sorted(
        ((word, n) for word, n in counts.items() if n >= 2), key=lambda item: (-item[1], item[0])
    )
    assert list(zip(table["token"].to_pylist(), table["count"].to_pylist(), strict=True)) == expected
    np.testing.assert_allclose(table["keep_probability"], keep_probability(table["count"].to_numpy(), 0.05))
    np.testing.assert_allclose(sum(table["noise_probability"].to_pylist()), 1)

    account = shards.tokens
    assert account.out_of_vocabulary == num_tokens - sum(n for _, n in expected)
    assert account.kept == sum(file.rows for file in shards.files)
    assert account.balances()
    expected_rows = float(table["count"].to_numpy() @ table["keep_probability"].to_numpy())
    assert abs(account.kept + account.dropped["no_context"] - expected_rows) < 5 * np.sqrt(expected_rows)

    vectors = WordVectors.load(f"{run.folder.path}/vectors")
    assert vectors.tokens == [word for word, _ in expected]
    assert vectors["서울"].shape == (8,)


def test_two_runs_with_one_seed_are_identical_to_the_byte(make_run, corpus, tmp_path):
    one = make_run(corpus, into="one")
    # The same text, cut into other files under other names, in other splits.
    moved = tmp_path / "moved"
    moved.mkdir()
    text = "\n".join(path.read_text() for path in sorted(corpus.rglob("*.txt"), reverse=True))
    lines = text.split("\n")
    (moved / "z.txt").write_text("\n".join(lines[:100]))
    (moved / "a.txt").write_text("\n".join(lines[100:]))
    other = make_run(moved, "tokenize.split_bytes=2000", into="other")
    assert len(other.require("tokens").files) > len(one.require("tokens").files)
    for stage in ("vocab", "shards", "vectors"):
        assert bytes_of(one, stage) == bytes_of(other, stage), stage


def test_another_seed_makes_other_shards_and_vectors(make_run, corpus):
    one, other = make_run(corpus, into="one"), make_run(corpus, "shards.seed=2", into="other")
    assert bytes_of(one, "shards") != bytes_of(other, "shards")
    assert bytes_of(one, "vocab") == bytes_of(other, "vocab")


def test_rows_fall_into_several_shards_and_none_is_lost(make_run, tmp_path):
    text = tmp_path / "many.txt"
    text.write_text("\n".join(f"a b c d e{i % 50} f{i % 70}" for i in range(3000)))
    run = make_run(text, "shards.target_rows=1000", "vocab.sample=0", "vocab.min_count=1")
    shards = run.require("shards")
    assert len(shards.files) == 18
    assert shards.tokens.kept == shards.tokens.read == 18_000
    targets = [
        t for file in shards.files for t in pq.read_table(f"{run.folder.path}/shards/{file.name}")["target"]
    ]
    counted = Counter(target.as_py() for target in targets)
    assert sorted(counted.values(), reverse=True)[:5] == [3000, 3000, 3000, 3000, 60]


@pytest.mark.skipif(version("pyspark") < "4.3", reason="Spark reads byte-stream-split integers from 4.3 on")
def test_spark_itself_reads_what_the_stages_write(make_run, corpus, spark_executor):
    run = make_run(corpus)
    frame = spark_executor.session().read.parquet(f"{run.folder.path}/shards/*.parquet")
    assert frame.count() == run.require("shards").tokens.kept
    row = frame.first()
    assert row is not None
    assert len(row["contexts"]) == 4


def test_two_passes_are_two_draws_that_training_reads_in_turn(make_run, corpus):
    run, once = make_run(corpus, "shards.passes=2", "train.epochs=3"), make_run(corpus, into="once")
    shards = run.require("shards")
    first, second = (Path(run.folder.path, "shards", file.name).read_bytes() for file in shards.files)
    assert first == Path(once.folder.path, "shards", "part-00000.parquet").read_bytes() != second
    assert shards.tokens.read == 2 * run.require("tokens").tokens.kept
    rows = [file.rows for file in shards.files]
    assert (
        run.require("vectors").counters["rows"]
        == 2 * rows[0] + rows[1] - 2 * run.require("vectors").counters["held_out_rows"]
    )
    assert [problem for stage in verify(run) for problem in stage.problems] == []


def test_weights_of_a_table_reach_the_shards_and_training_reads_them(make_run, tmp_path):
    lines = [f"a{i % 5} b{i % 7} c{i % 3}" for i in range(2000)]
    table = pa.table({"text": lines, "importance": [i % 2 + 0.5 for i in range(2000)]})
    pq.write_table(table, tmp_path / "x.parquet")
    run = make_run(tmp_path / "x.parquet", "tokenize.weight_column=importance", "vocab.sample=0")
    rows = pq.read_table(f"{run.folder.path}/shards/part-00000.parquet")
    assert Counter(rows["weight"].to_pylist()) == {0.5: 3000, 1.5: 3000}
    assert [problem for stage in verify(run) for problem in stage.problems] == []
    assert run.require("vectors").counters["rows"] > 0


# What is made again, and what is not


def made_at(run: RunDir) -> dict[str, int]:
    """When each stage was finished, as the manifest file's time."""
    times = {stage: Path(run.folder.path, stage, "manifest.json") for stage in STAGES}
    return {stage: path.stat().st_mtime_ns for stage, path in times.items() if path.exists()}


def test_the_same_command_again_makes_nothing_and_starts_no_task(make_run, corpus, monkeypatch):
    before = made_at(make_run(corpus))
    monkeypatch.setattr(LocalExecutor, "start", lambda *_: pytest.fail("tasks were started"))
    assert made_at(make_run(corpus)) == before


@pytest.mark.parametrize(
    ("setting", "remade"),
    [
        ("train.epochs=3", {"vectors"}),
        ("shards.window=3", {"shards", "vectors"}),
        ("vocab.min_count=3", {"vocab", "shards", "vectors"}),
        ("tokenize.tokenizer=whitespace", {"tokens", "vocab", "shards", "vectors"}),
    ],
)
def test_a_changed_setting_makes_its_stage_and_all_after_it_again(make_run, corpus, setting, remade):
    before = made_at(make_run(corpus))
    after = made_at(make_run(corpus, setting))
    assert {stage for stage in after if after[stage] != before[stage]} == remade


def test_a_changed_input_file_makes_everything_again(make_run, corpus, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    before = made_at(make_run(copy))
    (copy / "a.txt").write_text("the king and the queen\n" * 50)
    after = made_at(make_run(copy))
    assert all(after[stage] != before[stage] for stage in after)


def test_a_lost_file_is_made_again(make_run, corpus):
    run = make_run(corpus)
    before = bytes_of(run, "shards")
    Path(run.folder.path, "shards", run.require("shards").files[0].name).unlink()
    make_run(corpus)
    assert bytes_of(run, "shards") == before


# Evaluation


def test_evaluation_tells_scores_and_coverage(make_run, corpus, tmp_path):
    run = make_run(corpus)
    pairs, questions = tmp_path / "쌍.tsv", tmp_path / "questions.txt"
    pairs.write_text("king\tqueen\t9\nking\tmouse\t2\n서울\t수도\t8\nking\tabsent\t5\n")
    questions.write_text(": 왕\nking queen cat dog\nking queen absent dog\n")
    config = small_config(f"evaluate.similarity=['{pairs}']", f"evaluate.analogies=['{questions}']")
    report = evaluate_vectors(run, config)
    assert (report["similarity"][0]["covered"], report["similarity"][0]["pairs"]) == (3, 4)
    assert (report["analogies"][0]["covered"], report["analogies"][0]["total"]) == (1, 2)
    assert json.loads(Path(run.folder.path, "reports", "evaluation.json").read_text()) == report


# Bad input


def the_only_stage(run: RunDir) -> set[str]:
    return {path.parent.name for path in Path(run.folder.path).glob("*/manifest.json")}


def test_an_input_without_a_token_is_refused_and_leaves_nothing(make_run, tmp_path):
    (tmp_path / "dots.txt").write_text("... !!! \n\n---\n")
    with pytest.raises(UserError, match=r"no token \(files 1, .*dots.txt\)"):
        make_run(tmp_path / "dots.txt")
    run = RunDir.open(str(tmp_path / "run"))
    assert the_only_stage(run) == set()
    assert not Path(run.folder.path, "tokens").exists()


def test_an_empty_file_is_no_input(make_run, tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    with pytest.raises(UserError, match="no token"):
        make_run(tmp_path / "empty.txt")


def test_an_undecodable_file_is_counted_or_with_strict_refused(make_run, tmp_path):
    (tmp_path / "latin1.txt").write_bytes(b"caf\xe9 au lait caf\xe9 au lait\n" * 20)
    run = make_run(tmp_path / "latin1.txt")
    assert run.require("tokens").counters["replaced_characters"] == 40
    with pytest.raises(UserError, match=r"latin1.txt is not UTF-8"):
        make_run(tmp_path / "latin1.txt", "tokenize.strict=true")
    assert the_only_stage(run) == set()


def test_a_damaged_packed_file_is_named_from_the_executor(make_run, tmp_path):
    (tmp_path / "x.gz").write_bytes(b"\x1f\x8b\x08\x00broken")
    with pytest.raises(UserError, match=r"x.gz .*read to its end"):
        make_run(tmp_path / "x.gz")


def test_a_vocabulary_emptied_by_min_count_is_refused(make_run, corpus, tmp_path):
    with pytest.raises(UserError, match=r"vocab.min_count = 100000 .*no word: .*\d+\."):
        make_run(corpus / "a.txt", "vocab.min_count=100000")
    assert the_only_stage(RunDir.open(str(tmp_path / "run"))) == {"tokens"}


def test_text_without_two_words_in_a_sentence_is_refused(make_run, tmp_path):
    (tmp_path / "lone.txt").write_text("one\ntwo\none\ntwo\n")
    with pytest.raises(UserError, match=r"no word .*context .*one token"):
        make_run(tmp_path / "lone.txt", "vocab.sample=0")
    assert the_only_stage(RunDir.open(str(tmp_path / "run"))) == {"tokens", "vocab"}


def test_a_missing_predecessor_is_named_with_its_command(tmp_path, executor):
    run, config = RunDir.create(str(tmp_path / "run")), small_config()
    for make, missing in (
        (partial(make_vocab, executor=executor), "tokens stage; run `w2v tokenize --input PATH"),
        (partial(make_shards, executor=executor), "tokens stage"),
        (train_vectors, "vocab stage; run `w2v vocab"),
        (evaluate_vectors, "vectors stage; run `w2v train"),
    ):
        with pytest.raises(UserError, match=f"has no finished {missing}"):
            make(run, config)


@pytest.mark.parametrize(
    ("stage", "make"), [("tokens", make_vocab), ("shards", lambda run, config, _: train_vectors(run, config))]
)
def test_a_damaged_or_foreign_parquet_file_is_named(make_run, corpus, executor, stage, make):
    run = make_run(corpus)
    config = small_config("vocab.min_count=3", "train.epochs=3")
    path = Path(run.folder.path, stage, run.require(stage).files[0].name)
    size = path.stat().st_size
    path.write_bytes(b"x" * size)
    with pytest.raises(UserError, match=rf"{stage}/part-00000.parquet is damaged"):
        make(run, config, executor)
    path.write_bytes(b"x" * (size - 1))
    with pytest.raises(UserError, match=rf"{stage}/part-00000.parquet has {size - 1} bytes, not {size}"):
        make(run, config, executor)


def test_single_stages_make_what_the_whole_run_makes(make_run, corpus, tmp_path, executor):
    together = make_run(corpus, into="whole")
    run = RunDir.create(str(tmp_path / "steps"))
    config = small_config()
    tokenize_corpus(run, find_files([str(corpus)]), config, executor)
    make_vocab(run, config, executor)
    make_shards(run, config, executor)
    train_vectors(run, config)
    assert bytes_of(run, "vectors") == bytes_of(together, "vectors")
    run_pipeline(run, find_files([str(corpus)]), config, executor)


# Whose vocabulary


def words_and_counts(run: RunDir) -> dict[str, int]:
    table = pq.read_table(f"{run.folder.path}/vocab/vocab.parquet")
    return dict(zip(table["token"].to_pylist(), table["count"].to_pylist(), strict=True))


def test_lists_of_words_to_keep_and_to_drop(make_run, corpus, tmp_path):
    (tmp_path / "keep.txt").write_text("twice\n없는말\n")
    (tmp_path / "drop.txt").write_text("king\n없는말도\n")
    lists = [f"vocab.{name}={tmp_path}/{name}.txt" for name in ("keep", "drop")]
    every = Counter(token for tokens in sentences_by_hand(corpus) for token in tokens)
    threshold = every["twice"] + 1
    assert every["king"] > threshold
    run = make_run(corpus, *lists, f"vocab.min_count={threshold}", "vocab.sample=0")
    expected = {w: n for w, n in every.items() if (n >= threshold and w != "king") or w == "twice"}
    assert words_and_counts(run) == expected
    assert run.require("vocab").counters["dropped_words"] == 1
    assert [problem for stage in verify(run) for problem in stage.problems] == []
    before = made_at(run)
    (tmp_path / "drop.txt").write_text("king\nqueen\n")
    make_run(corpus, *lists, f"vocab.min_count={threshold}", "vocab.sample=0")
    assert made_at(run)["vocab"] != before["vocab"]


def test_the_counts_of_an_earlier_vocabulary_are_added(make_run, corpus, tmp_path):
    first = make_run(corpus, into="first")
    (tmp_path / "more.txt").write_text("the queen sees a comet\nthe comet\n")
    run = make_run(tmp_path / "more.txt", f"vocab.merge={first.folder.path}", into="more")
    more = Counter(["the", "queen", "sees", "a", "comet", "the", "comet"])
    assert words_and_counts(run) == Counter(words_and_counts(first)) + more
    account = run.require("vocab").tokens
    assert (account.read, account.out_of_vocabulary) == (7, 0)


def test_an_earlier_vocabulary_is_taken_as_it_is(make_run, corpus, tmp_path):
    first = make_run(corpus, "vocab.min_count=60", into="first")
    (tmp_path / "more.txt").write_text("the queen sees a comet\nthe comet of the king\n" * 10)
    run = make_run(tmp_path / "more.txt", f"vocab.from={first.folder.path}", "vocab.min_count=5", into="more")
    assert words_and_counts(run) == words_and_counts(first)
    assert run.require("vocab").tokens == TokenAccount(100, 70, 30)
    assert [problem for stage in verify(run) for problem in stage.problems] == []


def test_vocabularies_that_are_none_are_named(make_run, corpus, tmp_path):
    run = make_run(corpus)
    for location, told in (
        (tmp_path / "none", "expected a folder with vocab.parquet"),
        (corpus / "a.txt", "is damaged"),
    ):
        with pytest.raises(UserError, match=told):
            make_run(corpus, f"vocab.merge={location}")
    (tmp_path / "words.txt").write_text("king\n")
    both = [f"vocab.{name}={tmp_path}/words.txt" for name in ("keep", "drop")]
    with pytest.raises(UserError, match=r"vocab.keep = .*vocab.drop = .*'king'"):
        make_run(corpus, *both)
    with pytest.raises(UserError, match="Leave out vocab.keep"):
        make_run(corpus, "vocab.from=x", "vocab.keep=y")
    assert run.manifest("vocab") is not None
