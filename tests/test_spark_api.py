"""`w2v_core.api.spark`: MLlib's example with another import, the same vectors as the pipeline, and models on disks."""

import doctest
import json
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark import cloudpickle
from pyspark.ml.param.shared import HasSeed

from w2v_core import WordVectors
from w2v_core.api import spark as spark_api
from w2v_core.api import spark_fit
from w2v_core.api.spark import Word2Vec, Word2VecModel
from w2v_core.api.spark_documents import TrainedRun, embed_rows, mean_vectors, word_rows
from w2v_core.api.spark_params import KEYS
from w2v_core.config import load_config
from w2v_core.errors import ConfigError, RunError, UserError
from w2v_core.executors import spark as _spark
from w2v_core.pipeline.run import run_pipeline
from w2v_core.readers.splits import find_files
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import UnknownWordError

ROOT = Path(__file__).parents[1]
SIZE = 8
LINES = [
    "the king and the queen rule the old land",
    "a cat and a dog chase the small mouse",
    "서울 은 한국 의 수도 이다",
    "the cat sees the king and the dog sees the queen",
] * 50
SMALL = {"vectorSize": SIZE, "minCount": 2, "workers": 1, "inputCol": "words", "outputCol": "features"}
EXAMPLE = """
from {module} import Word2Vec

documentDF = spark.createDataFrame([
    ("Hi I heard about Spark".split(" "), ),
    ("I wish Java could use case classes".split(" "), ),
    ("Logistic regression models are neat".split(" "), )
], ["text"])
word2Vec = Word2Vec(vectorSize=3, minCount=0, inputCol="text", outputCol="result")
model = word2Vec.fit(documentDF)
result = model.transform(documentDF)
rows = []
for row in result.collect():
    text, vector = row
    rows.append((text, vector))
synonyms = model.findSynonyms("Spark", 3)
vectors = model.getVectors()
"""


@pytest.fixture(scope="module")
def spark(spark_config):
    return _spark.session(spark_config)


@pytest.fixture(scope="module")
def frame(spark):
    """Lists of words beside an id and a label: whether the words are English."""
    rows = [(number, line.split(), float(line.isascii())) for number, line in enumerate(LINES)]
    return spark.createDataFrame(rows, "id long, words array<string>, label double")


@pytest.fixture(scope="module")
def model(frame):
    """Fitted once, to read."""
    return Word2Vec(**SMALL).fit(frame)


def vectors_of(model):
    return {row.word: row.vector.toArray().tolist() for row in model.getVectors().collect()}


# -- parameters --------------------------------------------------------------------------------------------


def test_names_and_defaults_are_mllibs_but_for_the_seed(spark):
    from pyspark.ml.feature import Word2Vec as MLlib

    theirs, ours = MLlib(), Word2Vec()
    for param in theirs.params:
        if param.name not in ("seed", "outputCol") and theirs.hasDefault(param):
            assert ours.getOrDefault(ours.getParam(param.name)) == theirs.getOrDefault(param), param.name
        getter = f"get{param.name[0].upper()}{param.name[1:]}"
        assert hasattr(ours, getter)
        assert hasattr(Word2Vec, getter.replace("get", "set", 1))
    assert ours.getSeed() == 1
    assert isinstance(ours, HasSeed)


def test_every_parameter_has_a_getter_and_a_setter():
    values = {"inputCol": "a", "outputCol": "b", "runDir": "c", "settings": ["train.heldout_rows=0"]}
    for param in Word2Vec().params:
        name, value = f"{param.name[0].upper()}{param.name[1:]}", values.get(param.name, 1)
        changed = getattr(Word2Vec(), f"set{name}")(value)
        assert getattr(changed, f"get{name}")() == value
        assert Word2Vec(**{param.name: value}).isSet(param.name)


def test_parameters_become_settings():
    estimator = Word2Vec(
        vectorSize=7,
        minCount=0,
        stepSize=0.00005,
        maxIter=3,
        seed=-1,
        windowSize=2,
        sg=0,
        negative=9,
        sample=1e-5,
        nsExponent=0.5,
        settings=["train.heldout_rows=0", "phrases.passes=1"],
    )
    config = estimator.config()
    assert (config.train.vector_size, config.train.epochs, config.train.sg) == (7, 3, 0)
    assert (config.train.alpha, config.train.min_alpha) == (0.00005, 0.00005)
    assert config.train.seed == config.shards.seed == 2**63 - 1
    assert (config.vocab.min_count, config.vocab.sample, config.vocab.ns_exponent) == (1, 1e-5, 0.5)
    assert (config.shards.window, config.train.negative, config.train.workers) == (2, 9, None)
    assert (config.train.heldout_rows, config.phrases.passes) == (0, 1)
    assert set(KEYS) <= {param.name for param in estimator.params}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"vectorSize": 0}, "vectorSize = 0"),
        ({"windowSize": 1000}, "windowSize = 1000"),
        ({"stepSize": -1.0}, "stepSize = -1"),
        ({"sg": 2}, "sg = 2"),
        ({"minCount": -1}, "minCount = -1"),
        ({"sample": float("nan")}, "sample = nan"),
        ({"settings": ["train.epoch=3"]}, "train.epoch"),
        ({"settings": ["train.epochs=3"]}, "parameter maxIter"),
        ({"settings": ["epochs=3"]}, "section.key=value"),
        ({"settings": ["train.epochs"]}, "section.key=value"),
        ({"settings": ["tokenize.column=x"]}, "tokenize.column has no effect"),
        ({"settings": ["spark.master=local"]}, "spark.master has no effect"),
    ],
)
def test_a_value_out_of_range_names_the_parameter(params, named):
    with pytest.raises(ConfigError) as told:
        Word2Vec(**params).config()
    assert named in str(told.value)


def test_an_unknown_parameter_is_named():
    with pytest.raises(UserError, match="'size' is not a parameter"):
        Word2Vec().setParams(size=3)
    with pytest.raises(TypeError, match="size"):
        Word2Vec(size=3)


# -- tasks -------------------------------------------------------------------------------------------------


def test_means_are_those_of_a_loop(monkeypatch):
    rng = np.random.default_rng(1)
    vectors_VD = rng.normal(size=(20, 5)).astype(np.float32)
    length_B = rng.integers(0, 9, 50)
    ids_T = rng.integers(0, 20, length_B.sum()).astype(np.int32)
    offsets_B = np.concatenate([[0], np.cumsum(length_B)])
    expected = [
        vectors_VD[ids_T[begin:end]].astype(float).mean(axis=0) if end > begin else np.zeros(5)
        for begin, end in pairwise(offsets_B.tolist())
    ]
    for numbers in (1, 35, 1 << 20):  # documents are cut anywhere
        monkeypatch.setattr("w2v_core.api.spark_documents._NUMBERS_A_BATCH", numbers)
        np.testing.assert_allclose(mean_vectors(ids_T, offsets_B, vectors_VD), expected, atol=1e-12)


@pytest.fixture
def run_of_lists(make_run, tmp_path) -> TrainedRun:
    path = tmp_path / "words.jsonl"
    path.write_text("".join(json.dumps({"text": line.split()}) + "\n" for line in LINES))
    return TrainedRun.open(make_run(path).location)


def test_tasks_need_what_executors_have(run_of_lists):
    tasks = [embed_rows(run_of_lists, 0, "features"), word_rows(run_of_lists, 2)]
    batch = pa.record_batch({"words": [["king", "unknown"], None, []], "id": [1, 2, 3]})
    parts = pa.record_batch({"id": [0, 1]})
    code = "import sys; sys.modules.update(rich=None, typer=None, scipy=None); import pickle; "
    code += "tasks, batches = pickle.load(sys.stdin.buffer); "
    code += (
        "print([sum(len(out) for out in task([batch])) for task, batch in zip(tasks, batches, strict=True)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=cloudpickle.dumps((tasks, [batch, parts])),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == [3, run_of_lists.num_words]


def test_batches_of_any_size_give_the_same_vectors(run_of_lists, monkeypatch):
    batch = pa.record_batch({"id": list(range(40)), "words": [line.split() for line in LINES[:40]]})
    parts = pa.record_batch({"id": [0, 1, 2]})

    def rows():
        documents = pa.Table.from_batches(embed_rows(run_of_lists, 1, "v")([batch]))
        words = pa.Table.from_batches(word_rows(run_of_lists, 3)([parts]))
        return documents.to_pydict(), words.to_pydict()

    whole = rows()
    monkeypatch.setattr("w2v_core.api.spark_documents._NUMBERS_A_BATCH", 3 * SIZE)
    documents, words = rows()
    assert documents["id"] == list(range(40))
    np.testing.assert_allclose(documents["v"], whole[0]["v"], atol=1e-12)
    assert words == whole[1]
    vectors = WordVectors.read(run_of_lists.folder / "vectors")
    assert words["word"] == vectors.tokens
    assert words["vector"] == vectors.vectors.tolist()


def test_few_models_stay_open(run_of_lists, monkeypatch):
    from dataclasses import replace

    from w2v_core.api import spark_documents

    monkeypatch.setattr(spark_documents, "_open_models", type(spark_documents._open_models)())
    first = spark_documents._opened(run_of_lists)
    assert spark_documents._opened(pickle.loads(pickle.dumps(run_of_lists))) is first
    for number in range(spark_documents._MOST_MODELS):
        spark_documents._opened(replace(run_of_lists, fingerprint=str(number)))
    assert spark_documents._opened(run_of_lists) is not first


def test_a_run_without_its_tokens_is_named(make_run, corpus):
    run = make_run(corpus)
    shutil.rmtree(Path(run.folder.path, "tokens"))
    with pytest.raises(RunError, match=r"tokens/manifest\.json"):
        Word2VecModel(run.location)
    with pytest.raises(RunError, match="not a run directory"):
        Word2VecModel(f"{run.location}/absent")


# -- fit ---------------------------------------------------------------------------------------------------


def test_mllibs_example_runs_with_another_import(spark):
    results = {}
    for module in ("pyspark.ml.feature", "w2v_core.api.spark"):
        scope = {"spark": spark}
        exec(EXAMPLE.format(module=module), scope)
        results[module] = scope
    theirs, ours = results.values()
    assert [text for text, _ in ours["rows"]] == [text for text, _ in theirs["rows"]]
    assert [type(vector) for _, vector in ours["rows"]] == [type(vector) for _, vector in theirs["rows"]]
    assert all(vector.size == 3 and vector.norm(2) > 0 for _, vector in ours["rows"])
    for name in ("result", "vectors", "synonyms"):
        kinds = [(field.name, field.dataType) for field in ours[name].schema]
        assert kinds == [(field.name, field.dataType) for field in theirs[name].schema], name
        assert ours[name].count() == theirs[name].count()


def test_the_examples_of_the_docstrings_run(spark):
    finder = doctest.DocTestFinder()
    tests = [
        test for test in finder.find(spark_api, globs=vars(spark_api) | {"spark": spark}) if test.examples
    ]
    assert tests
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0


def test_the_python_of_the_page_runs(spark):
    text = (ROOT / "docs/from-mllib.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(block, {"spark": spark})


@pytest.mark.parametrize("sg", [0, 1])
def test_vectors_are_those_of_the_pipeline(frame, executor, tmp_path, sg):
    """With one worker, the same files as `w2v run` on a text of the same tokens."""
    path = tmp_path / "words.txt"
    path.write_text("\n".join(LINES))
    settings = [f"train.vector_size={SIZE}", "vocab.min_count=2", "train.workers=1", "train.alpha=0.03"]
    settings += [f"train.sg={sg}", "train.epochs=2", "vocab.sample=0.01", "shards.seed=5", "train.seed=5"]
    run = RunDir.create(str(tmp_path / "run"))
    config = load_config(None, ["tokenize.tokenizer=whitespace", *settings])
    run_pipeline(run, find_files([str(path)]), config, executor)

    estimator = Word2Vec(**SMALL, stepSize=0.03, maxIter=2, sample=0.01, seed=5, sg=sg)
    ours = Path(estimator.fit(frame.repartition(3)).location)
    for name in ("vocab/vocab.parquet", "vectors/input.npy", "vectors/output.npy"):
        assert (ours / name).read_bytes() == Path(run.folder.path, name).read_bytes(), name


def test_ids_are_words(spark):
    rows = [([10, 20, None, 30],), ([20, 10],)] * 20
    ids = spark.createDataFrame(rows, "ids array<long>")
    model = Word2Vec(vectorSize=4, inputCol="ids", outputCol="v").fit(ids)
    assert {row.word for row in model.getVectors().collect()} == {"10", "20", "30"}
    first = model.transform(ids).first().v.toArray()
    expected = np.mean([model.wordVectors[word] for word in ("10", "20", "30")], axis=0)
    np.testing.assert_allclose(first, expected, atol=1e-7)
    narrow = ids.select(ids.ids.cast("array<smallint>").alias("ids"))
    np.testing.assert_allclose(model.transform(narrow).first().v.toArray(), first)


def test_text_is_tokenized_as_the_command_line_does(spark, executor, tmp_path):
    text = spark.createDataFrame([(f"The KING!\n{line}.",) for line in LINES], ["text"])
    path = tmp_path / "text.txt"
    path.write_text("\n".join(row.text for row in text.collect()))
    run = RunDir.create(str(tmp_path / "run"))
    config = Word2Vec(**SMALL).config()
    run_pipeline(run, find_files([str(path)]), config, executor)
    model = Word2Vec(**SMALL | {"inputCol": "text"}).fit(text)
    theirs = WordVectors.load(run.location)
    assert model.wordVectors.tokens == theirs.tokens
    np.testing.assert_array_equal(model.wordVectors.vectors, theirs.vectors)
    documents = spark.createDataFrame([("Queen, KING",), ("queen king",), ("",), (None,)], ["text"])
    found = np.array([row.features.toArray() for row in model.transform(documents).collect()])
    np.testing.assert_allclose(found[0], theirs[["queen", "king"]].mean(axis=0), atol=1e-7)
    np.testing.assert_array_equal(found[0], found[1])
    assert not found[2:].any()
    assert model.findSynonymsArray("KING", 1)  # spelled as the corpus is
    tokens = spark.createDataFrame([(["queen", "king"],)], ["text"])
    np.testing.assert_array_equal(model.transform(tokens).first().features.toArray(), found[0])


def test_null_rows_and_null_words_are_left_out(spark, frame, model):
    added = spark.createDataFrame(
        [(None, None, None), (1, [], 0.0), (2, [None, ""], 0.0)], schema=frame.schema
    )
    np.testing.assert_array_equal(
        Word2Vec(**SMALL).fit(frame.union(added)).wordVectors.vectors, model.wordVectors.vectors
    )
    assert [row.features.norm(2) for row in model.transform(added).collect()] == [0, 0, 0]


def test_unknown_words_are_not_in_the_divisor(spark, model):
    words = spark.createDataFrame([(["king", "unknown", "cat", "king"],), (["unknown"],)], ["words"])
    found = [row.features.toArray() for row in model.transform(words).collect()]
    vectors = model.wordVectors
    np.testing.assert_allclose(found[0], (2 * vectors["king"] + vectors["cat"]) / 3, atol=1e-7)
    assert not found[1].any()


def test_long_lists_are_cut(spark):
    words = [f"w{number}" for number in range(10)]
    long = spark.createDataFrame([(words * 10,), (["w1", "w2"],), (None,), ([],)], "words array<string>")
    cut = spark_fit._sentences(long, "words", long.schema["words"].dataType, Word2Vec(maxSentenceLength=30))
    lists = [row.text for row in cut.collect()]
    assert [None if each is None else len(each) for each in lists] == [30, 30, 30, 10, 2, None, 0]
    assert [word for each in lists[:4] for word in each] == words * 10


def test_partitions_change_no_vector(frame, model):
    again = Word2Vec(**SMALL, numPartitions=7).fit(frame)
    np.testing.assert_array_equal(again.wordVectors.vectors, model.wordVectors.vectors)


def test_phrases_are_joined_in_documents(spark):
    rows = [(line.split(),) for line in ["new york is big", "york has a new king", "i like new york"] * 40]
    words = spark.createDataFrame(rows, ["words"])
    settings = ["phrases.passes=1", "phrases.threshold=0.01", "phrases.min_count=2"]
    model = Word2Vec(**SMALL, settings=settings).fit(words)
    assert "new_york" in model.wordVectors
    document = spark.createDataFrame([(["new", "york"],)], ["words"])
    found = model.transform(document).first().features.toArray()
    np.testing.assert_allclose(found, model.wordVectors["new_york"], atol=1e-7)
    assert not list(Path(model.location, "phrases").glob("part-*"))


def test_a_session_of_the_caller_stays_as_it_is(spark, frame):
    before = spark.conf.getAll
    Word2Vec(**SMALL).fit(frame)
    assert spark.conf.getAll == before
    assert spark.range(1).count() == 1


def test_an_interrupt_leaves_the_callers_session(frame, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    stopped = []
    monkeypatch.setattr(_spark, "_in_a_thread", interrupted)
    monkeypatch.setattr(
        _spark, "_abandon", lambda context, group, stops_session: stopped.append(stops_session)
    )
    with pytest.raises(KeyboardInterrupt):
        Word2Vec(**SMALL).fit(frame)
    assert stopped == [False]


# -- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "params", "named"),
    [
        ("select array('a') as other", {}, "no column"),
        ("select array('a') as words, 1 as words", {}, "more than one column"),
        ("select 1 as words", {}, "has the type int"),
        ("select array(1.5D) as words", {}, "has the type array<double>"),
        ("select array(array('a')) as words", {}, "has the type array<array<string>>"),
        ("select map('a', 1) as words", {}, "has the type map<string,int>"),
        ("select array('a') as words where false", {}, "'words' holds no word"),
        ("select cast(null as array<string>) as words", {}, "'words' holds no word"),
        ("select array('a', 'b') as words", {}, "minCount = 2"),
        ("select array('a') as words", {"settings": ["tokenize.min_token_length=2"]}, "min_token_length"),
        ("select array('a') as words", {"maxSentenceLength": 0}, "maxSentenceLength = 0"),
        ("select array('a') as words", {"numPartitions": 0}, "numPartitions = 0"),
        ("select 'a' as words", {"maxSentenceLength": 50}, "maxSentenceLength = 50"),
    ],
)
def test_a_frame_that_does_not_fit_is_named(spark, query, params, named, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(UserError) as told:
        Word2Vec(**SMALL, **params).fit(spark.sql(query))
    assert named in str(told.value)
    assert "\n" not in str(told.value)
    assert not list(tmp_path.glob("w2v-spark-*"))


@pytest.mark.parametrize("rows", [[["king"]], "king", None])
def test_what_is_no_spark_frame_is_named(rows):
    with pytest.raises(UserError, match="expected a Spark DataFrame"):
        Word2Vec(**SMALL).fit(rows)


def test_a_frame_of_spark_connect_is_named():
    connect = type("DataFrame", (), {"__module__": "pyspark.sql.connect.dataframe"})
    with pytest.raises(UserError, match="Spark Connect"):
        Word2Vec(**SMALL).fit(connect())


def test_no_input_column_is_named(frame):
    with pytest.raises(UserError, match="inputCol is not set"):
        Word2Vec().fit(frame)


def test_without_pyspark_the_import_says_how_to_get_it():
    code = "import sys; sys.modules['pyspark'] = None; import w2v_core.api.spark"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ImportError: w2v_core.api.spark needs pyspark")
    assert "w2v[spark]" in done.stderr.splitlines()[-1]


def test_a_cluster_needs_a_folder_that_all_see(frame, monkeypatch, tmp_path):
    monkeypatch.setattr(spark_fit, "_is_one_machine", lambda _: False)
    with pytest.raises(UserError, match="runDir is not set"):
        Word2Vec(**SMALL).fit(frame)

    def unseen(*_):
        raise FileNotFoundError("part-00000")

    monkeypatch.setattr(spark_fit, "tokenize_corpus", unseen)
    with pytest.raises(UserError, match="folder that all machines share"):
        Word2Vec(**SMALL, runDir=str(tmp_path)).fit(frame)


def test_documents_that_do_not_fit_are_named(spark, model, frame):
    with pytest.raises(UserError, match=r"inputCol = 'words'.*no column"):
        model.transform(frame.drop("words"))
    with pytest.raises(UserError, match=r"fitted on lists of words"):
        model.transform(spark.createDataFrame([("king",)], ["words"]))
    with pytest.raises(UserError, match=r"outputCol = 'features'"):
        model.transform(model.transform(frame))
    with pytest.raises(UserError, match=r"outputCol = 'ID'"):
        model.copy().setOutputCol("ID").transform(frame)


# -- model -------------------------------------------------------------------------------------------------


def test_other_columns_are_untouched(spark, model):
    from pyspark.ml.linalg import Vectors
    from pyspark.sql import functions as sql

    made = spark.sql(
        "select array('king', 'cat') as words, timestamp'2020-01-02 03:04:05' as t, date'2020-01-02' as d, "
        "map('a', struct(1 as b)) as m, cast(1.25 as decimal(10, 2)) as n, binary('x') as `b.c`, cast(null as int) as z"
    )
    vectors = spark.createDataFrame([(Vectors.sparse(3, [1], [2.0]),)], ["sparse"])
    both = made.crossJoin(vectors).withColumn("label", sql.lit(1.0).alias("label", metadata={"ml": {"k": 2}}))
    found = model.transform(both)
    assert found.drop("features").collect() == both.collect()
    kinds = [(field.name, field.dataType) for field in found.drop("features").schema]
    assert kinds == [(field.name, field.dataType) for field in both.schema]
    assert found.schema["label"].metadata == both.schema["label"].metadata == {"ml": {"k": 2}}


def test_columns_have_any_name(spark, model):
    odd = spark.createDataFrame([(["king", "cat"],)], ["a.b`c"])
    fitted = Word2Vec(**SMALL | {"inputCol": "a.b`c", "outputCol": "x.y", "minCount": 1}).fit(odd)
    assert fitted.transform(odd).columns == ["a.b`c", "x.y"]
    assert model.transform(odd, {model.inputCol: "a.b`c"}).first().features.norm(2) > 0


def test_synonyms_are_the_nearest_words(model):
    from pyspark.ml.linalg import Vectors

    vectors = model.wordVectors
    expected = vectors.most_similar("king", topn=3)
    assert model.findSynonymsArray("king", 3) == expected
    assert [tuple(row) for row in model.findSynonyms("king", 3).collect()] == expected
    asked = Vectors.dense(vectors["king"].tolist())
    assert model.findSynonymsArray(asked, 1)[0][0] == "king"
    assert model.findSynonyms(vectors["king"], 1).first().word == "king"
    assert len(model.findSynonymsArray("king", 10_000)) == len(vectors) - 1
    with pytest.raises(UnknownWordError, match="kin"):
        model.findSynonymsArray("kin", 3)
    with pytest.raises(UserError, match="num = 0"):
        model.findSynonymsArray("king", 0)
    with pytest.raises(UserError, match=r"shape \(8,\)"):
        model.findSynonyms(Vectors.dense([1.0]), 1)


def test_vectors_come_with_the_frequent_words_first(model):
    assert [row.word for row in model.getVectors().collect()] == model.wordVectors.tokens
    assert vectors_of(model) == dict(
        zip(model.wordVectors.tokens, model.wordVectors.vectors.tolist(), strict=True)
    )


def test_a_temporary_run_keeps_no_sentence_and_goes_when_python_ends(model, spark_config):
    files = {path.name for path in Path(model.location).rglob("part-*")}
    assert files == set()
    assert Path(model.location).parent.name.startswith("w2v-spark-")
    code = (
        "from w2v_core.api import spark_fit; from types import SimpleNamespace as N\n"
        "session = N(sparkContext=N(master='local[2]'))\n"
        "with spark_fit._new_run(None, session, 'uid') as run: print(run.location)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "w2v-spark-" in done.stdout
    assert not Path(done.stdout.strip()).exists()


def test_each_fit_has_a_run_of_its_own_that_stays(frame, tmp_path, w2v):
    estimator = Word2Vec(**SMALL, runDir=str(tmp_path / "실행 #1"))
    first, second = (estimator.fit(frame, {estimator.maxIter: number}) for number in (1, 2))
    assert Path(first.location).parent == Path(second.location).parent == tmp_path / "실행 #1"
    assert not np.array_equal(first.wordVectors.vectors, second.wordVectors.vectors)
    assert w2v("verify", "--run-dir", first.location)[0] == 0
    status, out, _ = w2v("neighbors", "--json", "--run-dir", second.location, "king")
    assert status == 0
    assert "king" in out


def test_a_model_of_a_command_lines_run(make_run, corpus, spark):
    run = make_run(corpus)
    model = Word2VecModel(run.location).setInputCol("text").setOutputCol("v")
    found = model.transform(spark.createDataFrame([("The KING",)], ["text"])).first().v.toArray()
    vectors = WordVectors.load(run.location)
    np.testing.assert_allclose(found, vectors[["the", "king"]].mean(axis=0), atol=1e-7)


# -- save and load -----------------------------------------------------------------------------------------


def test_what_was_saved_is_loaded(model, frame, tmp_path, w2v):
    path = str(tmp_path / "모델 #1%20")
    model.save(path)
    loaded = Word2VecModel.load(path)
    assert loaded.uid == model.uid
    assert loaded.extractParamMap() == model.extractParamMap()
    assert vectors_of(loaded) == vectors_of(model)
    assert loaded.transform(frame).collect() == model.transform(frame).collect()
    assert loaded.findSynonymsArray("king", 3) == model.findSynonymsArray("king", 3)
    assert WordVectors.load(path).tokens == model.wordVectors.tokens
    assert w2v("neighbors", "--run-dir", path, "king")[0] == 0
    assert not [path for path in Path(path).rglob("part-*") if path.parent.name != "metadata"]


def test_a_saved_model_needs_nothing_of_its_run(spark, tmp_path):
    stop_words = tmp_path / "stop.txt"
    stop_words.write_text("the\n")
    text = spark.createDataFrame([(line,) for line in LINES], ["words"])
    model = Word2Vec(
        **SMALL, runDir=str(tmp_path / "runs"), settings=[f"tokenize.stop_words={stop_words}"]
    ).fit(text)
    before = model.transform(text).collect()
    model.write().save(str(tmp_path / "model"))
    stop_words.unlink()
    shutil.rmtree(tmp_path / "runs")
    assert Word2VecModel.load(str(tmp_path / "model")).transform(text).collect() == before


def test_a_model_is_overwritten_only_where_that_is_asked(model, frame, tmp_path):
    path = str(tmp_path / "model")
    model.save(path)
    with pytest.raises(UserError, match="overwrite"):
        model.save(path)
    other = Word2Vec(**SMALL, seed=2).fit(frame)
    other.write().overwrite().save(path)
    loaded = Word2VecModel.load(path)
    assert vectors_of(loaded) == vectors_of(other)
    with pytest.raises(UserError, match="overwrite"):
        loaded.save(path)
    loaded.setOutputCol("renamed").write().overwrite().save(path)  # over itself
    assert Word2VecModel.load(path).getOutputCol() == "renamed"
    assert vectors_of(Word2VecModel.load(path)) == vectors_of(other)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    with pytest.raises(UserError, match="is not overwritten"):
        model.write().overwrite().save(str(tmp_path / "photos"))
    assert (tmp_path / "photos" / "cat.jpg").exists()


def test_what_is_no_saved_model_is_named(spark, model, tmp_path):
    from pyspark.ml.feature import Word2Vec as MLlib

    with pytest.raises(UserError, match="not a saved Word2VecModel"):
        Word2VecModel.load(str(tmp_path / "absent"))
    words = spark.createDataFrame([(["a", "b"],)], ["text"])
    theirs = MLlib(vectorSize=2, minCount=0, inputCol="text")
    theirs.fit(words).save(str(tmp_path / "theirs"))
    with pytest.raises(UserError, match="saved by MLlib"):
        Word2VecModel.load(str(tmp_path / "theirs"))
    Word2Vec().save(str(tmp_path / "estimator"))
    with pytest.raises(UserError, match=r"holds a w2v_core\.api\.spark\.Word2Vec: expected"):
        Word2VecModel.load(str(tmp_path / "estimator"))
    model.save(str(tmp_path / "ours"))
    (tmp_path / "ours" / "metadata" / "part-00000").write_text("[]")
    with pytest.raises(UserError, match="is damaged"):
        Word2VecModel.load(str(tmp_path / "ours"))
    model.save(str(tmp_path / "cut"))
    (tmp_path / "cut" / "vectors" / "input.npy").write_bytes(b"cut")
    with pytest.raises(RunError, match=r"input\.npy"):
        Word2VecModel.load(str(tmp_path / "cut"))


def test_a_damaged_file_is_not_copied(model, tmp_path):
    shutil.copytree(model.location, tmp_path / "run")
    path = tmp_path / "run" / "vectors" / "input.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(RunError, match="is damaged"):
        Word2VecModel(str(tmp_path / "run")).save(str(tmp_path / "model"))
    assert not (tmp_path / "model").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file"):
        Word2VecModel(str(tmp_path / "run")).save(str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("file:/a b/c#1", "/a b/c#1"),
        ("file:///a/b", "/a/b"),
        ("s3a://bucket/a b", "s3://bucket/a b"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("hdfs://host:8020/a", "hdfs://host:8020/a"),
        ("/a b/c#1%20", "/a b/c#1%20"),
    ],
)
def test_paths_are_hadoops(spark, path, location):
    from w2v_core.api.spark_storage import location_of

    assert location_of(path, spark) == location


def test_a_model_on_an_object_store(spark, model, tmp_path):
    """What the driver does there: executors have the store's address from the environment that Java started with."""
    from stores import opened_bucket

    with opened_bucket(tmp_path):
        model.save("s3a://bucket/모델/1")
        loaded = Word2VecModel.load("s3a://bucket/모델/1")
        assert loaded.location == "s3://bucket/모델/1"
        assert loaded.findSynonymsArray("king", 3) == model.findSynonymsArray("king", 3)
        with pytest.raises(UserError, match="overwrite"):
            model.save("s3a://bucket/모델/1")
        loaded.write().overwrite().save("s3a://bucket/모델/1")
        loaded.save(str(tmp_path / "model"))
    assert vectors_of(Word2VecModel.load(str(tmp_path / "model"))) == vectors_of(model)


# -- pipelines ---------------------------------------------------------------------------------------------


def test_a_pipeline_is_fitted_saved_and_loaded(frame, tmp_path):
    from pyspark.ml import Pipeline, PipelineModel
    from pyspark.ml.classification import LogisticRegression

    pipeline = Pipeline(stages=[Word2Vec(**SMALL), LogisticRegression(maxIter=5)])
    pipeline.save(str(tmp_path / "estimator"))
    again = Pipeline.load(str(tmp_path / "estimator"))
    assert again.getStages()[0].extractParamMap() == pipeline.getStages()[0].extractParamMap()
    fitted = again.fit(frame)
    fitted.write().overwrite().save(str(tmp_path / "model"))
    fitted.write().overwrite().save(str(tmp_path / "model"))
    loaded = PipelineModel.load(str(tmp_path / "model"))
    expected = [row.prediction for row in fitted.transform(frame).collect()]
    assert [row.prediction for row in loaded.transform(frame).collect()] == expected
    assert expected == [row.label for row in frame.collect()]


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:.*Pool.__del__:pytest.PytestUnraisableExceptionWarning"
)  # CrossValidator's own
@pytest.mark.parametrize("parallelism", [1, 2])
def test_cross_validation_chooses_a_vector_size(frame, tmp_path, parallelism):
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.evaluation import BinaryClassificationEvaluator
    from pyspark.ml.tuning import CrossValidator, CrossValidatorModel, ParamGridBuilder

    word2vec = Word2Vec(**SMALL)
    pipeline = Pipeline(stages=[word2vec, LogisticRegression(maxIter=5)])
    grid = ParamGridBuilder().addGrid(word2vec.vectorSize, [2, 6]).build()
    evaluator = BinaryClassificationEvaluator()
    validator = CrossValidator(
        estimator=pipeline,
        estimatorParamMaps=grid,
        evaluator=evaluator,
        numFolds=2,
        parallelism=parallelism,
        seed=1,
    )
    fitted = validator.fit(frame)
    assert len(fitted.avgMetrics) == 2
    assert max(fitted.avgMetrics) > 0.95
    best = fitted.bestModel.stages[0]
    assert best.trained.vector_size == best.getVectorSize() in (2, 6)
    assert fitted.transform(frame).first().features.size == best.getVectorSize()
    fitted.save(str(tmp_path / "validated"))
    loaded = CrossValidatorModel.load(str(tmp_path / "validated"))
    assert evaluator.evaluate(loaded.transform(frame)) == evaluator.evaluate(fitted.transform(frame))
