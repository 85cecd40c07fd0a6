"""`from w2v_core import Word2Vec`: what it takes, keeps and returns."""

import gc
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sentences_in_memory import FORMS, TABLES, sentences, table_of

import w2v_core
from w2v_core import (
    Callback,
    ConfigError,
    EarlyStopping,
    EvaluateEachEpoch,
    InputError,
    ModelRegistry,
    NotFittedError,
    Pipeline,
    UserError,
    Word2Vec,
    compare,
    evaluate,
    plan,
    verify,
)
from w2v_core.api.settings import KEYS, default_of
from w2v_core.api.word2vec import _defaults
from w2v_core.config import Config, load_config
from w2v_core.runs.run_directory import RunDir
from w2v_core.vectors.word_vectors import WordVectors

SMALL = {
    "vector_size": 8,
    "window": 2,
    "min_count": 2,
    "sample": 0,
    "epochs": 2,
    "workers": 1,
    "engine": "numpy",
}


@pytest.fixture
def word2vec(executor):
    """A model with small settings, on the processes that all tests share."""
    return lambda **parameters: Word2Vec(**{"executor": executor, **SMALL, **parameters})


@pytest.fixture(scope="module")
def fitted(executor):
    """A trained model, to read."""
    return Word2Vec(executor=executor, **SMALL).fit(sentences())


def bytes_of(model: Word2Vec) -> bytes:
    return model.wv.vectors.tobytes()


# Parameters


@pytest.mark.parametrize("name", KEYS)
def test_a_parameter_has_the_default_of_the_configuration(name):
    assert {_defaults()[name]} == {default_of(key) for key in KEYS[name]}


def test_every_parameter_sets_its_settings():
    given = {
        "vector_size": 7,
        "window": 3,
        "min_count": 2,
        "max_final_vocab": 9,
        "sg": 1,
        "negative": 4,
        "ns_exponent": 0.5,
        "alpha": 0.03,
        "min_alpha": 0.002,
        "sample": 0.01,
        "epochs": 3,
        "seed": 6,
        "workers": 2,
        "engine": "numpy",
    }
    assert given.keys() == KEYS.keys()
    config = Word2Vec(**given)._check()
    for name, keys in KEYS.items():
        for key in keys:
            section, _, setting = key.partition(".")
            assert getattr(getattr(config, section), setting) == given[name], key


def test_settings_are_over_parameters_and_parameters_over_the_configuration(tmp_path):
    (tmp_path / "c.toml").write_text("[train]\nepochs = 9\nnegative = 9\n")
    model = Word2Vec(config=tmp_path / "c.toml", negative=8, settings={"tokenize.lower": False})
    config = model._check()
    assert (config.train.epochs, config.train.negative, config.tokenize.lower) == (9, 8, False)
    assert Word2Vec(config=load_config(None, ["vocab.from=/x"]))._check().vocab.from_ == "/x"


@pytest.mark.parametrize(
    ("parameters", "value"),
    [
        ({"epochs": 0}, "train.epochs = 0"),
        ({"settings": {"train.epochz": 1}}, "epochz"),
        ({"settings": {"epochs": 1}}, "epochs"),
        ({"settings": {3: 1}}, "3"),
        ({"settings": ["train.epochs=1"]}, "train.epochs=1"),
        ({"epochs": 2, "settings": {"train.epochs": 3}}, "epochs = 2"),
        ({"executor": "cluster"}, "cluster"),
        ({"executor": 3}, "executor = 3"),
        ({"callbacks": [print]}, "print"),
        ({"callbacks": EarlyStopping()}, "EarlyStopping"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_named(parameters, value):
    with pytest.raises(ConfigError, match=value.replace("[", r"\[")):
        Word2Vec(**parameters)


def test_parameters_can_be_read_changed_and_cloned():
    model = Word2Vec(epochs=3, callbacks=[EarlyStopping()])
    twin = model.clone()
    assert twin.get_params() == model.get_params()
    assert model.set_params(epochs=4) is model
    assert (model.epochs, twin.epochs) == (4, 3)
    with pytest.raises(ConfigError, match="size"):
        model.set_params(size=3)
    with pytest.raises(ConfigError, match=r"train.epochs = -1"):
        model.set_params(epochs=-1, window=9)
    assert (model.epochs, model.window) == (4, 5)
    assert repr(Word2Vec(sg=1, epochs=2)) == "Word2Vec(sg=1, epochs=2)"


def test_scikit_learn_clones_it():
    base = pytest.importorskip("sklearn.base")
    model = base.clone(Word2Vec(epochs=3, settings={"tokenize.lower": False}))
    assert model.get_params()["epochs"] == 3


# What fit takes


@pytest.mark.parametrize("form", FORMS)
def test_sentences_in_any_form_give_the_same_vectors(word2vec, fitted, tmp_path, form):
    settings = {"tokenize.tokenizer": "whitespace"}
    model = word2vec(settings=settings).fit(FORMS[form](sentences(), tmp_path))
    assert model.wv.tokens == fitted.wv.tokens
    assert bytes_of(model) == bytes_of(fitted)


@pytest.mark.parametrize("form", TABLES)
def test_tables_of_any_library_give_the_same_vectors(word2vec, fitted, tmp_path, form):
    pytest.importorskip(form.split()[0]) if form.startswith(("pandas", "polars")) else None
    model = word2vec().fit(TABLES[form](sentences(), tmp_path), column="words")
    assert model.wv.tokens == fitted.wv.tokens
    assert bytes_of(model) == bytes_of(fitted)


def test_a_column_of_text_is_tokenized_and_ids_are_words(word2vec):
    text = pa.table({"text": ["The King!", None, "the king"] * 5})
    assert word2vec().fit(text).wv.tokens == ["king", "the"]
    ids = pa.table({"basket": [[7, 8], [8, 7, 9]] * 5})
    assert word2vec().fit(ids, column="basket").wv.tokens == ["7", "8", "9"]


def test_sentences_need_not_fit_into_one_batch(word2vec, monkeypatch):
    monkeypatch.setattr("w2v_core.api.token_lists.TOKENS_A_BATCH", 100)
    monkeypatch.setattr("w2v_core.api.spool._ROW_GROUP_BYTES", 1000)
    model = word2vec().fit(sentences())
    manifest = RunDir.open(model.location).require("tokens")
    assert manifest.counters["sentences"] == 300
    assert manifest.account().kept == 2400


def test_sentences_are_numbered_over_batches(word2vec, monkeypatch):
    monkeypatch.setattr("w2v_core.api.token_lists.TOKENS_A_BATCH", 100)
    with pytest.raises(InputError, match=r"sentences\[300\]"):
        word2vec().fit([*sentences(), None])


def test_empty_sentences_are_left_out(word2vec, fitted):
    model = word2vec().fit([[], *sentences(), [], [""]])
    assert bytes_of(model) == bytes_of(fitted)


def test_words_of_strange_types_of_text_are_words(word2vec):
    lists = [np.array(["a", "b"]), ("a", np.str_("b"))] * 5
    assert word2vec().fit(lists).wv.tokens == ["a", "b"]


UNREADABLE = {
    "text": ("the king", "the king"),
    "letters of texts": (["the king", "a queen"], "the king"),
    "texts of a generator": ((text for text in ["the king"]), r"sentences[0] = 'the king'"),
    "text among lists": ([["a"], "the king"], r"sentences[1] = 'the king'"),
    "list among paths": ([__file__, ["a"]], r"sentences[1] = ['a']"),
    "missing path": (Path("absent.txt"), "absent.txt"),
    "long text": ("word " * 1000, "word word"),
    "NUL": ("a\0b", "a"),
    "bytes": (b"the king", "bytes"),
    "bytes for a sentence": ([b"the king"], r"sentences[0]"),
    "number": (5, "5"),
    "None": (None, "None"),
    "number for a sentence": ([["a"], 5], r"sentences[1] = 5"),
    "None for a sentence": ([["a"], None], r"sentences[1] = None"),
    "mapping for a sentence": ([{"a": 1}], r"sentences[0] = {'a': 1}"),
    "number for a token": ([["a"], ["b", 5]], r"sentences[1][1] = 5"),
    "None for a token": ([["a", None]], r"sentences[0][1] = None"),
    "bytes for a later token": ([["a", b"b"]], "token.decode()"),
    "lists for tokens": ([[["a", "b"]]], "one level deeper"),
    "a set for a sentence": ([{"a", "b"}], "sorted(sentence)"),
    "bytes for a token": ([[b"a"]], r"sentences[0][0] = b'a'"),
    "list for a token": ([[["a"]]], r"sentences[0][0] = ['a']"),
    "surrogate": ([["a\ud800"]], "surrogate"),
    "empty list": ([], "empty"),
    "empty generator": (iter(()), "iterator"),
    "only empty sentences": ([[], []], "no token"),
    "table without the column": (table_of(sentences(2)), "'text'"),
    "table without rows": (pa.table({"text": pa.array([], pa.string())}), "no"),
    "column of numbers": (pa.table({"text": [1]}), "int64"),
    "one word": ([["a"]], "vocab.min_count"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_other_input_is_an_error_that_names_it(word2vec, case, tmp_path):
    data, value = UNREADABLE[case]
    model = word2vec(settings={"executor.temp_dir": str(tmp_path)})
    with pytest.raises(UserError) as fault:
        model.fit(data)
    assert value in str(fault.value)
    assert list(tmp_path.iterdir()) == []


def test_an_iterator_is_read_once(word2vec):
    once = iter(sentences())
    word2vec().fit(once)
    with pytest.raises(InputError, match="new one"):
        word2vec().fit(once)


def test_lists_have_no_weights(word2vec):
    with pytest.raises(InputError, match="weight_column"):
        word2vec(settings={"tokenize.weight_column": "w"}).fit(sentences())
    weighted = pa.table({"words": sentences(), "w": [1.0] * 300})
    word2vec(settings={"tokenize.weight_column": "w"}).fit(weighted, column="words")


def test_a_spark_frame_needs_pyspark(word2vec, monkeypatch):
    frame = type("DataFrame", (), {"__module__": "pyspark.sql.dataframe", "columns": ["text"]})()
    with pytest.raises(InputError, match="'words'"):
        word2vec().fit(frame, column="words")
    monkeypatch.setattr("w2v_core.api.spark_rows.find_spec", lambda _: None)
    with pytest.raises(UserError, match="pip install"):
        word2vec().fit(frame)


@pytest.mark.spark
def test_a_spark_frame_gives_the_same_vectors(word2vec, fitted, spark_executor, tmp_path):
    frame = spark_executor.session().createDataFrame([(each,) for each in sentences()], "words array<string>")
    model = word2vec(run_dir=tmp_path / "run").fit(frame, column="words")
    assert bytes_of(model) == bytes_of(fitted)
    assert not (tmp_path / "run" / "_input").exists()


# The run


def test_the_command_line_makes_the_same_bytes(word2vec, w2v, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("".join(" ".join(sentence) + "\n" for sentence in sentences()))
    settings = [
        *("tokenize.tokenizer=whitespace", "train.vector_size=8", "shards.window=2", "vocab.min_count=2"),
        *("vocab.sample=0", "train.epochs=2", "train.workers=1", "train.engine=numpy", "executor.workers=1"),
    ]
    options = [option for setting in settings for option in ("--set", setting)]
    status, _, err = w2v("run", "--input", str(text), "--run-dir", str(tmp_path / "cli"), *options)
    assert status == 0, err
    model = word2vec(run_dir=tmp_path / "api").fit(sentences())
    for stage in ("vocab", "shards", "vectors"):
        ours, theirs = (RunDir.open(tmp_path / run).require(stage) for run in ("api", "cli"))
        names = {
            entry.name: entry.crc32 for entry in theirs.files if entry.name.endswith((".npy", ".parquet"))
        }
        assert names
        assert names == {entry.name: entry.crc32 for entry in ours.files if entry.name in names}
    assert np.array_equal(model.wv.vectors, WordVectors.load(tmp_path / "cli").vectors)


def test_a_temporary_run_ends_with_the_model(word2vec, tmp_path):
    model = word2vec(settings={"executor.temp_dir": str(tmp_path)}).fit(sentences())
    vectors = model.wv
    assert Path(model.location).is_relative_to(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    model.fit(sentences(seed=2))
    assert len(list(tmp_path.iterdir())) == 1
    del model
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert vectors.similarity("king", "queen") > vectors.similarity("king", "cat")


def test_a_kept_run_is_used_again(word2vec, tmp_path):
    first = word2vec(run_dir=tmp_path / "run").fit(sentences())
    finished = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").glob("*/manifest.json")}
    assert len(finished) == 4
    second = word2vec(run_dir=tmp_path / "run").fit(iter(sentences()))
    assert finished == {path: path.stat().st_mtime_ns for path in finished}
    assert bytes_of(first) == bytes_of(second)
    assert not (tmp_path / "run" / "_input").exists()
    word2vec(run_dir=tmp_path / "run").fit(sentences(seed=2))
    assert finished != {path: path.stat().st_mtime_ns for path in finished}


class Interrupt(Callback):
    def on_epoch_end(self, epoch, logs, vectors):
        if epoch == 2:
            raise KeyboardInterrupt


def test_an_interrupted_fit_goes_on(word2vec, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        word2vec(run_dir=tmp_path / "run", epochs=3, callbacks=[Interrupt()]).fit(sentences())
    seen = []

    class See(Callback):
        def on_progress(self, progress):
            seen.append(progress.rows)

    resumed = word2vec(run_dir=tmp_path / "run", epochs=3, callbacks=[See()]).fit(sentences())
    assert seen[0] >= 2384
    assert bytes_of(resumed) == bytes_of(word2vec(epochs=3).fit(sentences()))


def test_an_untrained_model_says_so():
    model = Word2Vec()
    assert not hasattr(model, "wv")
    for read in (
        lambda: model.wv,
        lambda: model.training_log,
        lambda: model.location,
        lambda: model.save("x"),
        lambda: model.report("x"),
    ):
        with pytest.raises(NotFittedError, match="fit"):
            read()


def test_the_training_log_is_a_table(fitted):
    log = fitted.training_log
    assert log.schema.field("loss").type == pa.float64()
    assert log["rows"].to_pylist()[-1] == log["total_rows"].to_pylist()[-1] == 2 * 2384


def test_the_report_is_a_page(fitted, tmp_path):
    path = fitted.report(tmp_path / "new" / "report.html")
    assert "<html" in Path(path).read_text(encoding="utf-8")


def test_a_saved_model_is_a_run_that_loads_with_its_parameters(word2vec, tmp_path):
    settings = {"tokenize.max_token_length": 50, "shards.passes": 2}
    model = word2vec(seed=4, settings=settings).fit(sentences())
    model.save(tmp_path / "saved")
    loaded = Word2Vec.load(tmp_path / "saved")
    expected = {**SMALL, "seed": 4, "settings": settings}
    assert {name: loaded.get_params()[name] for name in expected} == expected
    assert bytes_of(loaded) == bytes_of(model)
    assert loaded.training_log == model.training_log
    assert all(stage.problems == () for stage in verify(tmp_path / "saved"))
    with pytest.raises(UserError, match="saved"):
        model.save(tmp_path / "saved")


def test_a_saved_model_trains_on(word2vec, executor, tmp_path):
    word2vec().partial_fit(sentences()).save(tmp_path / "saved")
    loaded = Word2Vec.load(tmp_path / "saved").set_params(executor=executor)
    before = loaded.wv
    loaded.partial_fit([["king", "new"]] * 20)
    assert loaded.wv.tokens == [*before.tokens, "new"]
    assert len(Word2Vec.load(tmp_path / "saved").wv) == len(before)


def test_a_loaded_model_that_grew_can_be_fitted_anew(word2vec, executor, tmp_path):
    word2vec().partial_fit(sentences()).partial_fit([["king", "new"]] * 5).save(tmp_path / "grown")
    loaded = Word2Vec.load(tmp_path / "grown").set_params(executor=executor)
    assert "new" in loaded.wv
    assert loaded.settings == {"vocab.accumulate": True}
    assert "new" not in loaded.fit(sentences()).wv


def test_where_no_model_was_saved_is_told(tmp_path):
    with pytest.raises(UserError, match="absent"):
        Word2Vec.load(tmp_path / "absent")


# More text


def test_partial_fit_keeps_words_and_starts_from_their_vectors(word2vec):
    model = word2vec().partial_fit([*sentences(), ["rare"]])
    before, tokens = model.wv, model.wv.tokens
    assert "rare" not in before
    model.set_params(alpha=1e-9, min_alpha=0.0).partial_fit([["king", "rare", "new"], ["new", "queen"]] * 2)
    assert model.wv.tokens == [*tokens, "rare", "new"] or model.wv.tokens == [*tokens, "new", "rare"]
    assert np.allclose(model.wv.vectors[: len(tokens)], before.vectors, atol=1e-6)
    assert model.wv.counts[model.wv.id_of("rare")] == 3
    assert model.wv.counts[model.wv.id_of("king")] == before.counts[before.id_of("king")] + 2


def test_partial_fit_after_fit_tells_that_rare_counts_are_lost(word2vec, caplog):
    model = word2vec().fit([*sentences(), ["rare"]])
    model.partial_fit([["king", "rare"]] * 2)
    assert any("counts" in record.message for record in caplog.records)
    assert model.wv.counts[model.wv.id_of("rare")] == 2


def test_partial_fit_replaces_a_kept_run(word2vec, tmp_path):
    model = word2vec(run_dir=tmp_path / "run").partial_fit(sentences())
    first = model.wv
    model.partial_fit([["king", "new"]] * 5).partial_fit([["king", "newer"]] * 5)
    assert model.location == str(tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert model.wv.tokens == [*first.tokens, "new", "newer"]
    assert WordVectors.load(tmp_path / "run").tokens == model.wv.tokens
    assert first.similarity("king", "king") == pytest.approx(1)


def test_a_partial_fit_that_fails_changes_nothing(word2vec, tmp_path):
    model = word2vec(run_dir=tmp_path / "run").partial_fit(sentences())
    before = bytes_of(model)
    with pytest.raises(InputError, match=r"sentences\[1\]"):
        model.partial_fit([["king"], None])
    with pytest.raises(UserError, match="vector_size"):
        model.set_params(vector_size=9).partial_fit(sentences())
    assert bytes_of(model) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_partial_fit_does_not_replace_a_run_at_a_uri(word2vec, tmp_path):
    model = word2vec(run_dir=(tmp_path / "run").as_uri()).partial_fit(sentences())
    with pytest.raises(UserError, match="run_dir"):
        model.partial_fit(sentences())


# Callbacks


class Recorder(Callback):
    def __init__(self):
        self.calls, self.vectors = [], []

    def on_train_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self, epoch, logs, vectors):
        assert logs["epoch"] == epoch
        self.calls.append(epoch)
        self.vectors.append(vectors())
        self.late = vectors

    def on_train_end(self):
        self.calls.append("end")


@pytest.mark.parametrize(
    ("engine", "workers"), [("numpy", 1), ("numpy", 2), ("compiled", 1), ("compiled", 2)]
)
def test_callbacks_see_every_epoch_and_its_vectors(word2vec, engine, workers):
    if engine == "compiled":
        pytest.importorskip("numba")
    recorder = Recorder()
    model = word2vec(engine=engine, workers=workers, epochs=3, callbacks=[recorder]).fit(sentences())
    assert recorder.calls == ["begin", 1, 2, 3, "end"]
    tables = [each.vectors.tobytes() for each in recorder.vectors]
    assert len(set(tables)) == 3
    assert tables[-1] == bytes_of(model)
    assert recorder.vectors[0].tokens == model.wv.tokens
    with pytest.raises(UserError, match="on_epoch_end"):
        recorder.late()


def test_watching_epochs_changes_no_byte(word2vec, fitted):
    assert bytes_of(word2vec(callbacks=[Recorder()]).fit(sentences())) == bytes_of(fitted)


@pytest.mark.parametrize("workers", [1, 2])
def test_early_stopping_ends_with_a_complete_stage(word2vec, tmp_path, workers):
    stopping = EarlyStopping(patience=2, min_delta=1e9)
    model = word2vec(run_dir=tmp_path / "run", epochs=9, workers=workers, callbacks=[stopping]).fit(
        sentences()
    )
    assert stopping.stopped_epoch == 3
    manifest = RunDir.open(model.location).require("vectors")
    assert manifest.counters["epochs_trained"] == 3
    assert manifest.counters["rows"] == 3 * 2384
    assert model.training_log["rows"].to_pylist()[-1] == 3 * 2384
    assert all(stage.problems == () for stage in verify(tmp_path / "run"))
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_run_that_ended_early_is_not_taken_for_a_whole_one(word2vec, tmp_path):
    stopping = EarlyStopping(min_delta=1e9)
    early = bytes_of(word2vec(run_dir=tmp_path / "run", epochs=5, callbacks=[stopping]).fit(sentences()))
    again = word2vec(run_dir=tmp_path / "run", epochs=5, callbacks=[EarlyStopping(min_delta=1e9)])
    assert bytes_of(again.fit(sentences())) == early
    assert bytes_of(word2vec(run_dir=tmp_path / "run", epochs=5).fit(sentences())) != early


def test_scores_of_each_epoch_can_be_monitored(word2vec, tmp_path):
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("king queen 9\nking cat 1\ncat dog 8\n")
    scores = EvaluateEachEpoch(word_pairs=pairs)
    stopping = EarlyStopping(str(pairs), min_delta=10)
    word2vec(epochs=5, callbacks=[scores, stopping]).fit(sentences())
    assert stopping.mode == "max"
    assert stopping.stopped_epoch == 2
    assert [each["epoch"] for each in scores.history] == [1, 2]
    assert all(-1 <= each[str(pairs)] <= 1 for each in scores.history)


@pytest.mark.parametrize(("monitor", "value"), [("held_out_loss", "too small"), ("los", "'los'")])
def test_a_value_that_cannot_be_monitored_is_named(word2vec, monitor, value):
    with pytest.raises(UserError, match=value):
        word2vec(callbacks=[EarlyStopping(monitor)]).fit(sentences(20))


@pytest.mark.parametrize("parameters", [{"patience": 0}, {"min_delta": -1}, {"mode": "least"}])
def test_early_stopping_rejects(parameters):
    with pytest.raises(ConfigError, match=next(iter(parameters))):
        EarlyStopping(**parameters)


def test_scores_need_a_set():
    with pytest.raises(ConfigError, match="word_pairs"):
        EvaluateEachEpoch()


# Pipeline, scores and registry


@pytest.fixture
def pairs(tmp_path) -> str:
    path = tmp_path / "pairs.txt"
    path.write_text("king queen 9\nking cat 1\ncat dog 8\nking unknown 2\n")
    return str(path)


def test_a_pipeline_returns_manifests_and_never_prints(executor, tmp_path, pairs, capfd):
    settings = {
        "vocab.min_count": 2,
        "train.vector_size": 8,
        "train.workers": 1,
        "evaluate.similarity": [pairs],
    }
    pipeline = Pipeline(tmp_path / "run", settings=settings, executor=executor)
    assert pipeline.tokenize(sentences()).account().kept == 2400
    assert pipeline.phrases() is None
    assert pipeline.vocab().counters["words"] == 10
    assert pipeline.shards().stage == "shards"
    assert pipeline.train().counters["words"] == 10
    assert pipeline.evaluate().word_pairs[pairs].covered == 3
    assert Path(pipeline.report()).exists()
    assert list(pipeline.manifests) == ["tokens", "vocab", "shards", "vectors", "reports"]
    assert pipeline.run(sentences()) == pipeline.manifests
    assert len(pipeline.vectors) == 10
    assert capfd.readouterr() == ("", "")


def test_scores_of_a_pipeline_are_those_of_evaluate(executor, tmp_path, pairs):
    analogies = tmp_path / "analogies.txt"
    analogies.write_text(": all\nking queen cat dog\nking queen cat unknown\n")
    sets = {"evaluate.similarity": [pairs], "evaluate.analogies": [str(analogies)]}
    pipeline = Pipeline(tmp_path / "run", settings={"vocab.min_count": 2, **sets}, executor=executor)
    pipeline.run(sentences())
    assert pipeline.evaluate() == evaluate(tmp_path / "run", word_pairs=pairs, analogies=analogies)


def test_evaluate_and_compare_take_models_vectors_and_paths(fitted, pairs):
    result = evaluate(fitted, word_pairs=pairs)
    assert result == evaluate(fitted.wv, word_pairs=[pairs]) == evaluate(fitted.location, word_pairs=pairs)
    assert result.scores == {pairs: result.word_pairs[pairs].spearman}
    found = compare(fitted, fitted.wv, word_pairs=pairs, moved_min_count=1)
    assert found.word_pairs[pairs].difference == 0
    assert (found.shared_words, found.neighbor_overlap) == (10, 1.0)
    with pytest.raises(UserError, match="word_pairs"):
        evaluate(fitted)
    with pytest.raises(UserError, match="int"):
        evaluate(3, word_pairs=pairs)
    with pytest.raises(NotFittedError):
        evaluate(Word2Vec(), word_pairs=pairs)
    with pytest.raises(UserError, match="restrict_vocab = 0"):
        evaluate(fitted, word_pairs=pairs, restrict_vocab=0)


def test_a_registry_publishes_and_loads(fitted, tmp_path):
    registry = ModelRegistry(tmp_path / "store")
    assert registry.names() == []
    published = registry.publish(fitted, "news")
    assert (published.version.name, published.is_new, published.is_current) == ("v1", True, True)
    assert not registry.publish(fitted.location, "news").is_new
    assert registry.load("news").tokens == fitted.wv.tokens
    assert registry.load("news", "v1").tokens == fitted.wv.tokens
    assert [version.name for version in registry.versions("news")] == ["v1"]
    assert registry.current("news").name == registry.promote("news", "v1").name == "v1"
    assert registry.verify("news", "v1") == []
    assert registry.prune("news", keep=1) == []
    with pytest.raises(UserError, match="earlier"):
        registry.rollback("news")
    with pytest.raises(UserError, match="sport"):
        registry.load("sport")
    loaded = Word2Vec.load(f"{tmp_path}/store/news@current")
    assert (loaded.vector_size, bytes_of(loaded)) == (8, bytes_of(fitted))


def test_a_plan_predicts(corpus):
    assert plan(corpus, settings={"train.vector_size": 8}).counts.tokens > 0
    with pytest.raises(InputError, match="empty"):
        plan([])


def test_verify_names_what_differs(word2vec, tmp_path):
    word2vec(run_dir=tmp_path / "run").fit(sentences())
    (tmp_path / "run" / "vectors" / "output.npy").write_bytes(b"")
    problems = {stage.stage: stage.problems for stage in verify(tmp_path / "run")}
    assert problems["vocab"] == ()
    assert any("output.npy" in problem for problem in problems["vectors"])
    RunDir.create(tmp_path / "empty")
    with pytest.raises(UserError, match="no finished stage"):
        verify(tmp_path / "empty")


# Where it runs


def test_fit_works_in_a_thread(word2vec):
    models = []
    thread = threading.Thread(target=lambda: models.append(word2vec().fit(sentences())))
    thread.start()
    thread.join()
    assert len(models[0].wv) == 10


def test_a_script_needs_no_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from w2v_core import Word2Vec\n"
        "lists = [['king', 'queen'], ['cat', 'dog']] * 50\n"
        "model = Word2Vec(vector_size=8, workers=2, engine='numpy', epochs=1, sample=0).fit(lists)\n"
        "print(len(model.wv))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("4\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]


# The public surface


PUBLIC = {
    *(
        "Word2Vec",
        "WordVectors",
        "Pipeline",
        "Config",
        "ModelRegistry",
        "plan",
        "verify",
        "evaluate",
        "compare",
    ),
    *("Callback", "EarlyStopping", "EvaluateEachEpoch", "__version__"),
    *("W2VError", "UserError", "ConfigError", "InputError", "RunError", "AccountError", "NotFittedError"),
    "UnknownWordError",
}


def test_the_public_surface_is_one_list():
    assert set(w2v_core.__all__) == set(dir(w2v_core)) == PUBLIC
    for name in w2v_core.__all__:
        assert getattr(w2v_core, name) is not None
    assert (Path(w2v_core.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="Word3Vec"):
        w2v_core.Word3Vec  # noqa: B018
    source = Path(w2v_core.__file__).read_text()
    assert all(f"as {name}\n" in source for name in PUBLIC - {"__version__"})


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, w2v_core; print(sorted({'numpy', 'pyarrow', 'pydantic', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_configuration_of_the_command_line_is_taken(word2vec):
    assert word2vec(config=Config())._check().train.vector_size == 8


KILLED = """
import os, signal
from w2v_core import Word2Vec
model = Word2Vec(vector_size=4, min_count=1, sample=0, epochs=1, workers=1, engine="numpy")
model.fit([["king", "wears", "crown"]] * 20)
print(model.location, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_fit_removes_what_a_killed_program_left(word2vec, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    found = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    left = Path(found.stdout.strip())
    assert left.is_relative_to(tmp_path), found.stderr
    assert left.exists()
    word2vec().fit(sentences())
    assert not left.exists()
