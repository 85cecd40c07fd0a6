"""Plans: what a sample says of a whole, held against wholes that are known."""

import gzip
import json
import math
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_settings import small_config

from w2v_core.config import load_config
from w2v_core.errors import UserError
from w2v_core.pipeline import plan
from w2v_core.pipeline.plan import predict_run
from w2v_core.pipeline.run import run_pipeline
from w2v_core.planning import costs, predict
from w2v_core.planning.growth import curve, doublings, extrapolate_growth, tokens_below, words_that_reach
from w2v_core.planning.input_sample import choose
from w2v_core.planning.prediction import Prediction, compare
from w2v_core.planning.sample import PARTS
from w2v_core.readers.detect_format import Kind
from w2v_core.readers.splits import InputFile, find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.training import trainer
from w2v_core.vocabulary.word_counts import COUNTS


def counted(ids: np.ndarray) -> pa.Table:
    words, counts = np.unique(ids, return_counts=True)
    return pa.table([pa.array(words.astype(str)), counts, counts, np.zeros_like(counts)], schema=COUNTS)


def zipf(num_tokens: int, exponent: float, num_words: int, seed: int = 0) -> np.ndarray:
    share = np.arange(1, num_words + 1) ** -exponent
    return np.searchsorted(np.cumsum(share) / share.sum(), np.random.default_rng(seed).random(num_tokens))


@pytest.mark.parametrize("scale", [2, 5, 13])
@pytest.mark.parametrize(("exponent", "num_words"), [(1.3, 10**7), (1.6, 10**7), (1.0, 5000)])
def test_words_of_a_zipf_text_are_foreseen(exponent, num_words, scale):
    # Open vocabularies whose words grow as a power, and one that runs out.
    sampled, far = 200_000, 0.06 if num_words == 5000 else 0.01
    text = zipf(sampled * scale, exponent, num_words)
    levels = doublings([counted(part) for part in np.split(text[:sampled], PARTS)])
    distinct = curve(levels, len)
    counts = np.unique(text, return_counts=True)[1]
    assert extrapolate_growth(distinct, distinct, scale) == pytest.approx(len(counts), rel=0.1)
    for threshold in (5, 20):
        foreseen = words_that_reach(levels, distinct, threshold, scale)
        assert foreseen == pytest.approx((counts >= threshold).sum(), rel=0.2)
        below = counts[counts < threshold].sum()
        assert tokens_below(levels, distinct, threshold, scale) == pytest.approx(below, abs=far * len(text))


def test_nothing_grows_where_all_was_read():
    levels = doublings([counted(part) for part in np.split(zipf(8000, 1.2, 1000), PARTS)])
    (all_words,) = levels[-1]
    counts = all_words["count"].to_numpy()
    distinct = curve(levels, len)
    assert extrapolate_growth(distinct, distinct, 1.0) == len(counts)
    assert words_that_reach(levels, distinct, 5, 1.0) == (counts >= 5).sum()
    assert tokens_below(levels, distinct, 5, 1.0) == counts[counts < 5].sum()


def test_a_curve_is_the_mean_over_parts():
    levels = doublings([counted(np.array(ids)) for ids in ([1], [1, 2], [2], [3, 3, 3])])
    assert curve(levels, len) == (1.25, 2.0, 3.0)
    assert curve(levels, lambda counts: counts.sum()) == (1.75, 3.5, 7.0)


@given(
    st.lists(st.integers(0, 300_000), min_size=1, max_size=5).filter(sum),
    st.integers(1, 2_000_000),
    st.integers(0, 99),
)
def test_pieces_are_within_their_files_and_the_bytes_add_up(sizes, wanted, seed):
    files = [
        InputFile("/", f"/{number}.txt", size, 0, known_kind=Kind("text"))
        for number, size in enumerate(sizes)
    ]
    pieces = choose(files, wanted, seed, Path("/nowhere"))
    splits = pieces.splits
    assert pieces.total_bytes == max(sum(sizes), pieces.sampled_bytes)
    assert all(0 <= split.begin < split.end <= split.file.size for split in splits)
    assert pieces.sampled_bytes == sum(split.end - split.begin for split in splits)
    if wanted >= sum(sizes):
        assert pieces.scale == 1
        assert {(s.file.path, s.begin) for s in splits} >= {(f.path, 0) for f in files if f.size}
    else:
        spans = sorted((split.file.path, split.begin, split.end) for split in splits)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans)), "read twice"


@pytest.fixture(autouse=True)
def short_calibrations(monkeypatch):
    monkeypatch.setattr(trainer, "REPORT_SECONDS", 0.1)
    monkeypatch.setattr(plan, "CALIBRATION_SECONDS", 0.3)


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """3 MB of lines of a Zipf text."""
    path = tmp_path_factory.mktemp("text") / "t.txt"
    words = np.char.add("w", zipf(600_000, 1.2, 10**6).astype(str)).reshape(-1, 20)
    path.write_text("\n".join(map(" ".join, words)) + "\n")
    return path


def test_a_plan_foresees_a_run(text, tmp_path, executor):
    config = small_config("train.epochs=1", "vocab.min_count=5")
    prediction = predict_run([str(text)], config, sample_bytes=800_000)
    assert prediction.sample.bytes < 0.35 * prediction.sample.total_bytes
    run = RunDir.create(str(tmp_path / "run"))
    run_pipeline(run, find_files([str(text)]), config, executor)
    rows = {row.what: row for row in compare(prediction, run)}
    for what, tolerance in (
        ("counts.tokens", 0.02),
        ("counts.sentences", 0.02),
        ("counts.distinct_words", 0.1),
        ("counts.words", 0.1),
        ("counts.known_tokens", 0.03),
        ("counts.rows", 0.05),
        ("bytes.tokens", 0.15),
        ("bytes.shards", 0.1),
        ("bytes.vectors", 0.15),
    ):
        assert rows[what].ratio == pytest.approx(1, abs=tolerance), what
    assert rows["seconds.vectors"].predicted > 0
    again = Prediction.parse(prediction.model_dump_json(), "x")
    assert again == prediction


def test_a_plan_of_all_that_there_is_counts_exactly(corpus, tmp_path, executor):
    config = small_config()
    prediction = predict_run([str(corpus)], config)
    run = RunDir.create(str(tmp_path / "run"))
    run_pipeline(run, find_files([str(corpus)]), config, executor)
    rows = {row.what: row for row in compare(prediction, run)}
    for what in ("sentences", "tokens", "distinct_words", "words", "known_tokens"):
        row = rows[f"counts.{what}"]
        assert row.predicted == row.actual, what
    assert rows["counts.rows"].ratio == pytest.approx(1, abs=0.02)


def test_a_limit_of_words_is_in_the_plan_and_what_is_not_is_told(text):
    counts = sorted(Counter(text.read_text().split()).values(), reverse=True)
    limit = next(place for place in range(400, 500) if counts[place - 1] > counts[place])  # no tie is cut
    config = small_config(f"vocab.max_final_vocab={limit}", "phrases.passes=1", "train.epochs=1")
    found = predict_run([str(text)], config)
    assert (found.counts.words, found.counts.known_tokens) == (limit, sum(counts[:limit]))
    assert found.notes == ("phrases are not in the plan: its words are those before any are joined",)


@pytest.mark.parametrize(
    ("master", "cores"), [("local", 1), ("local[3]", 3), ("local[3,2]", 3), ("yarn", 7), ("spark://a:1", 7)]
)
def test_the_cores_of_spark_are_those_that_its_master_tells(master, cores):
    told = small_config(f"spark.master={master}", 'spark.conf."spark.cores.max"=7')
    assert predict.executor_cores(told, "spark") == cores


def test_the_cores_of_this_machine_are_the_workers_or_all():
    assert predict.executor_cores(small_config("executor.workers=9"), "local") == 9
    assert predict.executor_cores(small_config(), "local") == len(os.sched_getaffinity(0))


def test_seconds_of_java_are_in_the_plan_for_spark_alone(text):
    local, spark = (
        predict_run([str(text)], small_config("train.epochs=1", f"executor.name={name}"), 400_000)
        for name in ("local", "spark")
    )
    assert (local.seconds.spark_start, local.memory.spark_java) == (0, 0)
    assert spark.seconds.spark_start > 0
    assert spark.memory.spark_java > 0
    stages = ("tokens", "vocab", "shards", "vectors")
    for found in (local, spark):
        total = found.seconds.spark_start + sum(getattr(found.seconds, stage) for stage in stages)
        assert found.seconds.total == pytest.approx(total, abs=0.3)


@pytest.mark.parametrize("kind", ["gz", "jsonl", "parquet"])
def test_other_kinds_of_input_are_sampled_too(text, tmp_path, kind):
    lines, path = text.read_text().splitlines(), tmp_path / f"t.{kind}"
    if kind == "gz":
        path = tmp_path / "t.txt.gz"
        path.write_bytes(gzip.compress(text.read_bytes()))
    elif kind == "jsonl":
        path.write_text("".join(json.dumps({"text": line}) + "\n" for line in lines))
    else:
        for number in range(8):
            pq.write_table(pa.table({"text": lines[number::8]}), tmp_path / f"{number}.parquet")
        path = tmp_path
    found = predict_run([str(path)], small_config("train.epochs=1"), sample_bytes=400_000)
    assert found.counts.tokens == pytest.approx(600_000, rel=0.1)
    assert found.sample.bytes < found.sample.total_bytes


def test_more_is_never_cheaper():
    few, many = load_config(None, ["train.workers=1"]), load_config(None, ["train.workers=4"])
    assert costs.training_bytes(10**6, 10**7, many) > costs.training_bytes(10**6, 10**7, few)
    assert costs.training_bytes(2 * 10**6, 10**7, few) > costs.training_bytes(10**6, 10**7, few)
    # a row of the default window: 26 words for 16 rows, and two bytes
    assert math.isclose(costs.row_bytes(5), 8.5)


def test_the_command_prints_a_document_and_compares_it(w2v, make_run, corpus, tmp_path, monkeypatch):
    run = make_run(corpus)
    before = sorted(Path(run.location).rglob("*"))
    monkeypatch.chdir(tmp_path)
    options = ["--set", "vocab.min_count=2", "--set", "train.vector_size=8", "--workers", "1"]
    code, out, err = w2v("plan", "--input", str(corpus), *options, "--json")
    assert code == 0, err
    assert "distinct words" in err
    (tmp_path / "plan.json").write_text(out)
    code, out, err = w2v(
        "plan", "--run-dir", run.location, "--prediction", str(tmp_path / "plan.json"), "--json"
    )
    assert code == 0, err
    rows = {row["what"]: row for row in json.loads(out)}
    assert rows["counts.words"] == {
        "what": "counts.words",
        "predicted": rows["counts.words"]["actual"],
        "actual": run.require("vocab").counters["words"],
        "ratio": 1.0,
    }
    assert "counts.words" in err
    assert sorted(Path(run.location).rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("run", "plan.json")] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--input", "table:x"], "input table:x: a plan reads files"),
        ([], "no input was named"),
        (["--run-dir", "x"], "--run-dir with --prediction"),
        (["--run-dir", "x", "--prediction", "y", "--input", "z"], "name either --input"),
        (["--run-dir", "x", "--prediction", "absent.json"], "absent.json: No such file"),
        (["--run-dir", "x", "--prediction", __file__], "is not a valid prediction"),
        (["--input", "{tmp}/empty.txt"], "holds no token"),
        (["--input", "{tmp}/dots.txt"], "holds no token"),
        (["--input", "{tmp}/few.txt", "--set", "vocab.min_count=5"], ""),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(w2v, tmp_path, arguments, told):
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "dots.txt").write_text("... !!\n")
    (tmp_path / "few.txt").write_text("a b c\n")
    code, _, err = w2v("plan", *[argument.format(tmp=tmp_path) for argument in arguments])
    assert code == (2 if told else 0), err
    assert told in err
    assert "Traceback" not in err


def test_a_prediction_of_another_format_is_refused(corpus):
    found = predict_run([str(corpus)], small_config()).model_copy(update={"format_version": 99})
    with pytest.raises(UserError, match="got format 99"):
        Prediction.parse(found.model_dump_json(), "x")
