"""Every executor makes the same bytes: each stage, each kind of input, and any number of processes."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from parity_inputs import CASES, SETTINGS, lines

from w2v_core.config import Config, load_config
from w2v_core.executors.base import Executor
from w2v_core.executors.choose import choose_executor
from w2v_core.executors.local import LocalExecutor
from w2v_core.executors.partitioning import parts_of_keys
from w2v_core.pipeline.embed import embed_documents
from w2v_core.pipeline.phrases import make_phrases
from w2v_core.pipeline.shards import make_shards
from w2v_core.pipeline.tokenize import tokenize_corpus
from w2v_core.pipeline.train import train_vectors
from w2v_core.pipeline.vocabulary import make_vocab
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import Manifest, RunDir

PREPARED = ("tokens", "phrases", "vocab", "shards")
OTHERS = ("seven", "spark")
"""Executors that are compared with one worker process."""


@pytest.fixture(scope="module")
def executors(spark_executor: Executor):
    with LocalExecutor(1) as one, LocalExecutor(7) as seven:
        yield {"one": one, "seven": seven, "spark": spark_executor}


def prepare(run: RunDir, source: Path, config: Config, executor: Executor) -> RunDir:
    tokenize_corpus(run, find_files([str(source)], config.tokenize.format), config, executor)
    make_phrases(run, config, executor)
    make_vocab(run, config, executor)
    make_shards(run, config, executor)
    return run


def content(run: RunDir, stage: str) -> tuple[object, dict[str, bytes]] | None:
    """What the manifest says of the stage's content, and the bytes of its files."""
    if run.manifest(stage) is None:
        return None
    manifest = run.require(stage)
    return said(manifest), {
        file.name: Path(run.folder.path, stage, file.name).read_bytes() for file in manifest.files
    }


def said(manifest: Manifest) -> object:
    return manifest.files, manifest.tokens, manifest.counters, manifest.digest


def same(ours: RunDir, other: RunDir) -> None:
    for stage in PREPARED:
        assert content(ours, stage) == content(other, stage), stage


@pytest.fixture(scope="module")
def prepared(executors, tmp_path_factory) -> Callable[[str, str], RunDir]:
    """prepared(case, executor): the run of a case, made once."""
    folder = tmp_path_factory.mktemp("parity")

    @cache
    def source(case: str) -> Path:
        path = folder / case / "input"
        path.mkdir(parents=True)
        CASES[case].write(path)
        return path

    @cache
    def make(case: str, name: str) -> RunDir:
        config = load_config(None, [*SETTINGS, *CASES[case].settings])
        return prepare(RunDir.create(str(folder / case / name)), source(case), config, executors[name])

    return make


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("case", CASES)
def test_each_stage_has_the_same_bytes(prepared, case, name):
    one = prepared(case, "one")
    assert len(one.require("tokens").files) > 1 or case in {"JSON lines", "ORC", "Avro", "lists of ids"}
    assert len(one.require("shards").files) > 1
    same(prepared(case, name), one)


def test_the_cases_are_what_their_names_say(prepared):
    """Else the comparisons above would compare less than they claim."""
    runs = {case: prepared(case, "one") for case in CASES}
    assert len(runs["many small shards"].require("shards").files) >= 8
    assert runs["phrases in two passes"].require("phrases").counters["phrases_2"] > 0
    assert runs["rare words kept"].require("vocab").counters["rare_words"] > 0
    assert runs["Parquet with weights"].require("shards").counters["weighted"] == 1
    assert runs["JSON lines"].require("tokens").counters["bad_rows"] == 1


@pytest.fixture(scope="module")
def increments(executors, tmp_path_factory) -> Callable[[str], list[RunDir]]:
    """A vocabulary that grows from the last one, one with the counts of the first added, and one taken over."""
    folder = tmp_path_factory.mktemp("increments")
    for number in range(4):
        text = "\n".join([*lines(300, seed=number), *[f"only{number} only{number} often"] * (number + 1)])
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")

    @cache
    def make(name: str) -> list[RunDir]:
        first, runs = folder / name / "0", []
        growth = (
            ("vocab.accumulate=true",),
            (f"vocab.extend={first}", "vocab.decay=0.5"),
            (f"vocab.merge={first}",),
            (f"vocab.from={first}",),
        )
        for number, settings in enumerate(growth):
            config = load_config(None, [*SETTINGS, *settings])
            run = RunDir.create(str(folder / name / str(number)))
            runs.append(prepare(run, folder / f"{number}.txt", config, executors[name]))
        return runs

    return make


@pytest.mark.parametrize("name", OTHERS)
def test_growing_vocabularies_have_the_same_bytes(increments, name):
    first, second, *_ = increments("one")
    assert second.require("vocab").counters["words_known_before"] == first.require("vocab").counters["words"]
    for ours, other in zip(increments(name), increments("one"), strict=True):
        same(ours, other)


@pytest.fixture(scope="module")
def documents(executors, prepared, tmp_path_factory) -> Callable[[str], Manifest]:
    run, folder = prepared("text", "one"), tmp_path_factory.mktemp("documents")
    config = load_config(None, ["train.vector_size=8", "train.epochs=1", "train.workers=1", *SETTINGS])
    train_vectors(run, config)
    (folder / "text.txt").write_text("\n".join(lines(900, seed=9)), encoding="utf-8")

    def embed(name: str) -> Manifest:
        files = find_files([str(folder / "text.txt")])
        return embed_documents(run, files, str(folder / name), config, executors[name])

    return embed


@pytest.mark.parametrize("name", OTHERS)
def test_embedded_documents_have_the_same_bytes(documents, name):
    one = documents("one")
    assert len(one.files) > 2
    assert said(documents(name)) == said(one)


# Which part a row goes to


@pytest.mark.parametrize(
    ("key", "kind", "hashed"),
    [
        (0, pa.int32(), 933211791),
        (1, pa.int32(), -559580957),
        (-1, pa.int32(), -1604776387),
        (2**31 - 1, pa.int32(), 133916647),
        (0, pa.int64(), -1670924195),
        (1, pa.int64(), -1712319331),
        (-(2**63), pa.int64(), -853646085),
        (2**63 - 1, pa.int64(), -1604625029),
    ],
)
def test_hashes_that_spark_gave_once(key, kind, hashed):
    for num_parts in (1, 2, 7, 64, 2**31 - 1):
        assert parts_of_keys(pa.array([key], kind), num_parts).tolist() == [hashed % num_parts]


KEYS = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
}


@pytest.mark.parametrize("kind", KEYS)
def test_parts_are_those_of_spark(spark_executor, kind):
    spark = spark_executor.session()

    @hypothesis_settings(max_examples=10, deadline=None)
    @given(st.lists(KEYS[kind], min_size=1, max_size=500), st.integers(1, 5000))
    def check(keys: list[int], num_parts: int) -> None:
        arrow = pa.array(keys, pa.int32() if kind == "int" else pa.int64())
        frame = spark.createDataFrame(pa.table({"key": arrow}))
        spread = frame.selectExpr(f"pmod(hash(key), {num_parts}) AS part").toArrow()["part"].to_pylist()
        assert parts_of_keys(arrow, num_parts).tolist() == spread

    check()


@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.integers(1, 100))
def test_a_part_is_within_their_number_and_the_same_for_one_key(keys, num_parts):
    parts = parts_of_keys(pa.array(keys, pa.int32()), num_parts)
    assert ((parts >= 0) & (parts < num_parts)).all()
    by_key = sorted(zip(keys, parts.tolist(), strict=True))
    assert all(a == b for a, b in pairwise(by_key) if a[0] == b[0])


@pytest.mark.parametrize("kind", [pa.float64(), pa.string(), pa.int16(), pa.uint32()])
def test_keys_of_other_types_are_refused(kind):
    with pytest.raises(ValueError, match=str(kind)):
        parts_of_keys(pa.array([None], kind).fill_null(pa.scalar("0").cast(kind)), 3)


def test_keys_of_a_slice_are_those_of_the_slice():
    keys = pa.array(np.arange(100, dtype=np.int64))
    assert parts_of_keys(keys.slice(40, 5), 7).tolist() == parts_of_keys(keys, 7)[40:45].tolist()


def test_settings_of_spark_that_no_executor_uses_are_reported(caplog):
    choose_executor(load_config(None, ['spark.conf."spark.driver.memory"=4g']))
    assert "spark.conf is set and not used" in caplog.text
    caplog.clear()
    choose_executor(load_config(None, []))
    assert not caplog.text
