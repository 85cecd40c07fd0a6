"""Vectors that Spark wrote: folders of Parquet parts, MLlib's Word2VecModel, and its types of vectors."""

import json
import logging
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_settings import small_config

from w2v_core.errors import UserError
from w2v_core.executors import spark as _spark
from w2v_core.pipeline.train import train_vectors
from w2v_core.vectors.formats.detect_format import open_table
from w2v_core.vectors.warm_start import InitialVectors
from w2v_core.vectors.word_vectors import WordVectors

WORD2VEC_MODEL = "org.apache.spark.ml.feature.Word2VecModel"
ROWS = {"king": [0.5, 0.25], "서울": [0.75, -2.0]}
UDT = pa.struct(
    [
        ("type", pa.int8()),
        ("size", pa.int32()),
        ("indices", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float64())),
    ]
)


def dense(numbers: list[float]) -> dict[str, object]:
    return {"type": 1, "size": None, "indices": None, "values": numbers}


def write(path: Path, vectors: dict[str, object], kind: pa.DataType, word: str = "word") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {word: pa.array(list(vectors), pa.string()), "vector": pa.array(list(vectors.values()), kind)}
    pq.write_table(pa.table(columns), path)


def write_model(folder: Path, name: str = WORD2VEC_MODEL, metadata: str = "part-00000") -> Path:
    (folder / "metadata").mkdir(parents=True)
    (folder / "metadata" / metadata).write_text(json.dumps({"class": name, "uid": "w2v_1"}) + "\n")
    for place, (word, numbers) in enumerate(ROWS.items()):
        write(folder / "data" / f"part-{place:05}-x.snappy.parquet", {word: numbers}, pa.list_(pa.float32()))
    (folder / "data" / "_SUCCESS").touch()
    (folder / "data" / ".part-00000-x.snappy.parquet.crc").write_bytes(b"crc")
    return folder


def read(path: Path) -> dict[str, list[float]]:
    table = open_table(path)
    return dict(zip(table.tokens.to_pylist(), table.vectors.tolist(), strict=True))


@pytest.mark.parametrize("metadata", ["part-00000", "part-00000-0a1b-c000.txt"])
def test_a_model_folder_is_read(tmp_path, metadata):
    folder = write_model(tmp_path / "model", metadata=metadata)
    assert read(folder) == ROWS
    assert WordVectors.load(folder).similarity("king", "king") == pytest.approx(1)


def test_a_folder_of_parquet_parts_is_read(tmp_path):
    assert read(write_model(tmp_path / "model") / "data") == ROWS
    write(tmp_path / "model" / "data" / "part-00002-x.parquet", {}, pa.list_(pa.float32()))
    assert read(tmp_path / "model") == ROWS


def test_a_model_of_another_class_or_without_data_is_named(tmp_path):
    folder = write_model(tmp_path / "pipeline", "org.apache.spark.ml.PipelineModel")
    with pytest.raises(UserError, match=r"pipeline: .*Word2VecModel, got org.apache.spark.ml.PipelineModel"):
        open_table(folder)
    folder = write_model(tmp_path / "cut")
    for part in (folder / "data").glob("part-*"):
        part.unlink()
    with pytest.raises(UserError, match=r"cut is a Spark Word2VecModel without data/part"):
        open_table(folder)


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b'{"class": 1}', b"\xff"])
def test_other_folders_with_metadata_are_not_models(tmp_path, metadata):
    folder = write_model(tmp_path / "x")
    (folder / "metadata" / "part-00000").write_bytes(metadata)
    with pytest.raises(UserError, match="neither a file of word vectors"):
        open_table(folder)


def test_parts_of_different_lengths_are_refused(tmp_path):
    folder = write_model(tmp_path / "model")
    write(folder / "data" / "part-00009.parquet", {"x": [1.0]}, pa.list_(pa.float32()))
    with pytest.raises(UserError, match="model has vectors of different lengths"):
        open_table(folder)


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.int64()), pa.large_list(pa.int8()), pa.list_(pa.uint16(), 2), pa.list_(pa.float64())]
)
def test_lists_of_numbers_are_read(tmp_path, kind):
    write(tmp_path / "v", {"a": [1, 2], "b": [3, 4]}, kind, "token")
    assert read(tmp_path / "v") == {"a": [1, 2], "b": [3, 4]}


def test_dense_vector_structs_are_read(tmp_path):
    write(tmp_path / "v", {word: dense(numbers) for word, numbers in ROWS.items()}, UDT)
    assert read(tmp_path / "v") == ROWS


@pytest.mark.parametrize(
    ("vector", "told"),
    [
        ({"type": 0, "size": 2, "indices": [1], "values": [1.0]}, "sparse VectorUDT.*vector_to_array"),
        ({"type": 1, "size": None, "indices": None, "values": None}, "column 'vector'"),
        (None, "column 'vector' is struct"),
        (dense([1.0]), "different lengths"),
    ],
)
def test_other_vector_structs_are_named(tmp_path, vector, told):
    write(tmp_path / "v", {"king": dense([1.0, 2.0]), "x": vector}, UDT)
    with pytest.raises(UserError, match=told):
        open_table(tmp_path / "v")


@pytest.fixture
def trained_run(make_run, corpus):
    return make_run(corpus)


def test_training_starts_from_parquet_and_from_a_model(trained_run, tmp_path, caplog):
    size, word = small_config().train.vector_size, "king"
    vectors = {word: [0.5] * size, "nowhere": [1.0] * size}
    write(tmp_path / "v.parquet", vectors, pa.list_(pa.float32()), "token")
    model = write_model(tmp_path / "model")
    for part in (model / "data").glob("part-*"):
        part.unlink()
    write(model / "data" / "part-00000.parquet", vectors, pa.list_(pa.float32()))
    for place in (tmp_path / "v.parquet", model):
        frozen = small_config(f"train.init_vectors={place}", "train.init_frozen=true")
        manifest = train_vectors(trained_run, frozen)
        assert manifest.counters["words_from_init_vectors"] == 1
        assert WordVectors.load(trained_run.location)[word].tolist() == vectors[word]


def test_a_warm_start_names_what_does_not_fit(trained_run, tmp_path):
    write(tmp_path / "v.parquet", {"king": [1.0]}, pa.list_(pa.float32()))
    with pytest.raises(UserError, match="has 1 dimensions .*set train.vector_size=1"):
        train_vectors(trained_run, small_config(f"train.init_vectors={tmp_path}/v.parquet"))
    (tmp_path / "v.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match="cannot be read as Parquet"):
        train_vectors(trained_run, small_config(f"train.init_vectors={tmp_path}/v.parquet"))


def test_a_changed_part_is_told_from_the_earlier_one(tmp_path):
    model = write_model(tmp_path / "model")
    before = InitialVectors(str(model)).identity()
    assert len(before) == len(ROWS)
    write(model / "data" / "part-00002.parquet", {"x": [1.0, 2.0]}, pa.list_(pa.float32()))
    assert InitialVectors(str(model)).identity() != before


def test_a_repeated_word_is_counted_once(tmp_path, caplog):
    folder = write_model(tmp_path / "model")
    write(folder / "data" / "part-00002.parquet", {"king": [9.0, 9.0]}, pa.list_(pa.float32()))
    with caplog.at_level(logging.WARNING, "w2v"):
        assert read(folder) == ROWS
    assert "left out 1 row" in caplog.text


def test_what_spark_saves_is_read(tmp_path, spark_config):
    from pyspark.ml.feature import Word2Vec

    session = _spark.session(spark_config)
    sentences = session.createDataFrame([(["king", "queen", "서울"] * 4,)], ["text"])
    model = Word2Vec(vectorSize=3, minCount=1, inputCol="text", seed=1).fit(sentences)
    model.save(str(tmp_path / "model"))
    expected = {row["word"]: row["vector"].toArray() for row in model.getVectors().collect()}
    model.getVectors().write.parquet(str(tmp_path / "vectors"))  # VectorUDT
    for name in ("model", "vectors"):
        ours = WordVectors.load(tmp_path / name)
        assert set(ours.tokens) == set(expected)
        for word, vector in expected.items():
            np.testing.assert_array_equal(ours[word], vector.astype(np.float32))
