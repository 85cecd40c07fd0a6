"""The whole sentences of errors, in one file: messages.txt. Other tests check the class and the values in it.

`pytest tests/test_messages.py --update-messages` writes the file again; read its diff before you commit it.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from w2v_core.api.callbacks import EarlyStopping
from w2v_core.api.scores import evaluate
from w2v_core.api.word2vec import Word2Vec
from w2v_core.config import TokenizeConfig, VocabConfig, load_config
from w2v_core.errors import W2VError
from w2v_core.evaluation.analogies import read_analogies
from w2v_core.evaluation.word_pairs import read_word_pairs
from w2v_core.io.filesystem import open_folder
from w2v_core.readers.splits import find_files, plan_splits
from w2v_core.registry.store import ModelStore
from w2v_core.runs.run_directory import RunDir
from w2v_core.runs.task_output import write_bytes
from w2v_core.runs.token_account import TokenAccount, require_equal
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.vectors.formats.formats import export
from w2v_core.vectors.formats.table import VectorTable
from w2v_core.vectors.word_vectors import WordVectors
from w2v_core.vocabulary.vocabulary import build_vocab
from w2v_core.vocabulary.word_counts import COUNTS, Counted

SNAPSHOT = Path(__file__).with_name("messages.txt")


def setting(*overrides):
    return lambda _: load_config(None, [*overrides])


def config_file(text):
    return lambda folder: load_config(written(folder / "c.toml", text))


def input_file(name, content, **settings):
    """What reading a file of that name and content tells: bytes, text, or the columns of a Parquet file."""

    def read(folder):
        config = TokenizeConfig(**settings)
        files = find_files([written(folder / name, content)], config.format, config.column)
        for task in plan_splits(files, 1 << 20):
            tokenize_part(task, config, TokenizerResources(), open_folder(str(folder)), 0)

    return read


def vector_file(content):
    return lambda folder: WordVectors.load(written(folder / "v", content))


def vectors(ask):
    def run(folder):
        ask(WordVectors.load(written(folder / "v", "2 2\nking 1 0\nqueen 0 1\n")))

    return run


def of_size(vector_size):
    return WordVectors(["a"], np.array([1]), np.ones((1, vector_size), np.float32))


def run_directory(use):
    def run(folder):
        made = RunDir.create(str(folder / "run"))
        with made.rewrite("tokens") as stage_writer:
            files = [write_bytes(stage_writer, "file", lambda stream: stream.write(b"data"))]
            stage_writer.finish(config=TokenizeConfig(), inputs=[], files=files, tokens=TokenAccount(1, 1))
        use(made, folder)

    return run


def cut_file(run, folder):
    written(folder / "run" / "tokens" / "file", "dat")
    run.require("tokens")


def damaged_manifest(run, folder):
    written(folder / "run" / "tokens" / "manifest.json", "{")
    run.require("tokens")


def manifest_of_another_format(run, folder):
    path = folder / "run" / "tokens" / "manifest.json"
    written(path, json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    run.require("tokens")


def folder_of_photos(folder):
    written(folder / "cat.jpg", "")
    RunDir.create(str(folder))


def written(path, content):
    if isinstance(content, dict):
        pq.write_table(pa.table(content), path)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def vocabulary(counts, highest, **settings):
    """What a vocabulary of these counts tells, where a word that is left out may have the highest."""
    numbers = list(counts.values())
    table = pa.table([list(counts), numbers, numbers, [0] * len(counts)], schema=COUNTS)
    counted = Counted(table, len(counts), sum(numbers), highest, 0)
    return lambda _: build_vocab(counted, VocabConfig(**settings))


def exported(number, **options):
    table = VectorTable(pa.chunked_array([["a"]]), np.array([1]), np.array([[number]], np.float32))
    return lambda folder: export(table, "npy", str(folder / "v"), **options)


def question_file(read, text, name="questions.txt"):
    return lambda folder: read(written(folder / name, text))


def fit(sentences, **parameters):
    """What `Word2Vec.fit` tells of other input."""
    return lambda folder: Word2Vec(settings={"executor.temp_dir": str(folder)}, **parameters).fit(sentences)


CASES = {
    "fit: text": fit("the king and the queen"),
    "fit: texts": fit(["the king", "the queen"]),
    "fit: text among lists": fit([["the", "king"], "the queen"]),
    "fit: number": fit(5),
    "fit: empty": fit([]),
    "fit: iterator that was read": fit(iter([])),
    "fit: None for a sentence": fit([["king"], None]),
    "fit: None for a token": fit([["king", None]]),
    "fit: number for a token": fit([["king", 5]]),
    "fit: list among paths": fit([__file__, ["king"]]),
    "fit: surrogate": fit([["\ud800"]]),
    "fit: missing path": lambda _: Word2Vec().fit(Path("absent.txt")),
    "fit: no such column": fit(pa.table({"id": [1], "body": ["x"]})),
    "fit: column of numbers": fit(pa.table({"text": [1]})),
    "fit: no row": fit(pa.table({"text": pa.array([], pa.string())})),
    "fit: lists with weights": lambda _: Word2Vec(settings={"tokenize.weight_column": "w"}).fit([["a"]]),
    "model: not trained": lambda _: Word2Vec().wv,
    "model: unknown parameter": lambda _: Word2Vec().set_params(size=3),
    "model: setting given twice": lambda _: Word2Vec(epochs=2, settings={"train.epochs": 3}),
    "model: setting without a section": lambda _: Word2Vec(settings={"epochs": 3}),
    "model: executor": lambda _: Word2Vec(executor=3),
    "model: callback": lambda _: Word2Vec(callbacks=["early stopping"]),
    "model: patience": lambda _: EarlyStopping(patience=0),
    "model: scores of nothing": lambda _: evaluate(
        WordVectors(["a"], np.array([1]), np.ones((1, 2), np.float32))
    ),
    "model: vectors of another type": lambda _: evaluate(3, word_pairs="wordsim353"),
    "configuration: unknown key": setting("train.epoch=3"),
    "configuration: key of another section": setting("train.window=3"),
    "configuration: unknown section": setting("vocabulary.min_count=3"),
    "configuration: no section": setting("train=3"),
    "configuration: not a number": setting("train.epochs=many"),
    "configuration: too small": setting("train.epochs=0"),
    "configuration: not finite": setting("vocab.sample=nan"),
    "configuration: unknown choice": setting("tokenize.tokenizer=klingon"),
    "configuration: faulty pattern": setting("tokenize.pattern=("),
    "configuration: of another tokenizer": setting("tokenize.per_word=true"),
    "configuration: two settings together": setting("train.min_alpha=0.06"),
    "configuration: value for a section": config_file("gate = 1\n"),
    "configuration: value for keys": setting("spark.conf=4g"),
    "configuration: missing file": lambda folder: load_config(str(folder / "absent.toml")),
    "input: missing": lambda folder: find_files([str(folder / "absent.txt")]),
    "input: empty folder": lambda folder: find_files([str(folder)]),
    "input: UTF-16": input_file("a.txt", "hello\n".encode("utf-16")),
    "input: not UTF-8": input_file("a.txt", b"caf\xe9\n", strict=True),
    "input: neither text nor a table": input_file("x.zip", b"PK\x03\x04\0\0\0\0"),
    "input: empty gzip file": input_file("b.gz", ""),
    "input: packed ORC": input_file("x.orc.gz", "x"),
    "input: XML of another kind": input_file("a.xml", "<html>\n</html>\n"),
    "input: line is not JSON": input_file("a.jsonl", '{"text": "a"}\n{\n', strict=True),
    "input: no such column of CSV": input_file("x.csv", "id,body\n1,a\n"),
    "input: row of CSV too short": input_file("x.csv", "id,text,more\n1,a\n", strict=True),
    "input: no such column of Parquet": input_file("a.parquet", {"id": [1], "body": ["x"]}),
    "input: column of numbers": input_file("a.parquet", {"text": [1]}),
    "vectors: number missing": vector_file("2 2\nking 1 2\nqueen 3\n"),
    "vectors: number too many": vector_file("2 2\nking 1 2\nqueen 3 4 5\n"),
    "vectors: not a number": vector_file("2 2\nking 1 2\nqueen x 4\n"),
    "vectors: not finite": vector_file("2 2\nking 1 2\nqueen nan 4\n"),
    "vectors: too few words": vector_file("3 2\nking 1 2\nqueen 3 4\n"),
    "vectors: empty file": vector_file(""),
    "vectors: missing file": lambda folder: WordVectors.load(str(folder / "absent")),
    "vectors: unknown word": vectors(lambda wv: wv.most_similar("quen")),
    "vectors: no answers": vectors(lambda wv: wv.most_similar("king", topn=0)),
    "vectors: topn None": vectors(lambda wv: wv.most_similar_batch(["king"], topn=None)),
    "vectors: query of another length": vectors(lambda wv: wv.most_similar([np.ones(3)])),
    "vectors: query not finite": vectors(lambda wv: wv.most_similar([np.array([np.nan, 0])])),
    "vectors: words in one text": vectors(lambda wv: wv.doesnt_match("king")),
    "vectors: no word known": vectors(lambda wv: wv.doesnt_match(["unknown"])),
    "vectors: weights missing": vectors(lambda wv: wv.get_mean_vector(["king"], [1, 2])),
    "vectors: unknown method": vectors(lambda wv: wv.analogy("king", "king", "queen", method="cos")),
    "vectors: unknown attribute": vectors(lambda wv: wv.get_vecattr("king", "sample_int")),
    "vectors: pair without a weight": vectors(lambda wv: wv.most_similar([("king", "queen")])),
    "vectors: pair where none belongs": vectors(lambda wv: wv.most_similar_cosmul([("king", 2.0)])),
    "vectors: two restrictions": vectors(lambda wv: wv.most_similar("king", clip_end=1, restrict_vocab=1)),
    "vectors: no rows to answer": vectors(lambda wv: wv.most_similar("king", clip_start=2)),
    "vectors: no other words": vectors(lambda wv: wv.distances("king", [])),
    "vectors: one vector for a matrix": vectors(lambda wv: wv.cosine_similarities([1, 0], [1, 0])),
    "vectors: cosines of sum zero": vectors(lambda wv: wv.relative_cosine_similarity("king", "queen")),
    "vectors: weights not finite": vectors(lambda wv: wv.get_mean_vector(["king"], [np.nan])),
    "vectors: added word is there": vectors(lambda wv: wv.add_vectors(["king"], [[1, 0]])),
    "vectors: added word comes twice": vectors(lambda wv: wv.add_vectors(["a", "a"], [[1, 0]] * 2)),
    "vectors: added vectors of another shape": vectors(lambda wv: wv.add_vectors(["a"], [[1]])),
    "vectors: added rows of many lengths": vectors(lambda wv: wv.add_vectors(["a", "b"], [[1, 0], [1]])),
    "vectors: added counts of another number": vectors(lambda wv: wv.add_vectors(["a"], [[1, 0]], [1, 2])),
    "vectors: merged with another size": vectors(lambda wv: wv.merged_with(of_size(3))),
    "vectors: merged with neither": vectors(lambda wv: wv.merged_with(wv, prefer="both")),
    "vectors: not a binary file": lambda folder: WordVectors.load_word2vec_format(
        written(folder / "v", "1 2\nking 1 2\n"), binary=True
    ),
    "vectors: binary without a header": lambda _: WordVectors.load_word2vec_format(
        "v", binary=True, no_header=True
    ),
    "vectors: writing binary without a header": vectors(
        lambda wv: wv.save_word2vec_format("v", binary=True, write_header=False)
    ),
    "vectors: word without a count": lambda folder: WordVectors.load_word2vec_format(
        written(folder / "v", "1 2\nking 1 2\n"), written(folder / "counts", "queen 3\n")
    ),
    "vectors: line without a count": lambda folder: WordVectors.load_word2vec_format(
        written(folder / "v", "1 2\nking 1 2\n"), written(folder / "counts", "king\n")
    ),
    "vectors: too few pairs": lambda folder: of_size(2).evaluate_word_pairs(
        written(folder / "pairs", "king queen 3\n")
    ),
    "vectors: no known question": lambda folder: of_size(2).evaluate_word_analogies(
        written(folder / "questions", "king queen man woman\n")
    ),
    "vocabulary: threshold too high": vocabulary({}, 5, min_count=9),
    "vocabulary: all words dropped": vocabulary({}, 0, min_count=1, drop="x.txt"),
    "vocabulary: limit too low": vocabulary({"a": 7, "b": 7}, 7, max_final_vocab=1),
    "export: beyond float16": exported(7e4, dtype="float16"),
    "export: not finite": exported(np.nan),
    "evaluation: missing file": lambda folder: read_word_pairs(str(folder / "gone.txt")),
    "evaluation: empty file": question_file(read_word_pairs, ""),
    "evaluation: no word pair": question_file(read_word_pairs, "# only a note\n"),
    "evaluation: no analogy": question_file(read_analogies, ": capitals\n"),
    "evaluation: not UTF-8": question_file(read_word_pairs, "해 달 1".encode("cp949")),
    "evaluation: set of the other kind": lambda _: read_word_pairs("questions-words"),
    "evaluation: unknown set": lambda _: read_word_pairs("wordsim535"),
    "model: nothing published": lambda folder: WordVectors.load(f"{folder}/store/news@current"),
    "model: unknown version": lambda folder: ModelStore(str(folder / "store")).model("news").version("v2"),
    "model: name with a slash": lambda folder: ModelStore(str(folder / "store")).model("a/b"),
    "input: credentials": lambda _: find_files(["s3://AKIAEXAMPLE:secret@bucket/a.txt"]),
    "input: none named": lambda _: find_files([]),
    "run directory: missing": lambda folder: RunDir.open(str(folder / "absent")),
    "run directory: other files": folder_of_photos,
    "run directory: a file": lambda folder: RunDir.create(written(folder / "file", "x")),
    "run directory: a stage of one": run_directory(lambda run, _: RunDir.open(f"{run.location}/tokens")),
    "run directory: unfinished stage": run_directory(lambda run, _: run.require("vocab")),
    "run directory: unknown stage": run_directory(lambda run, _: run.stage("token")),
    "run directory: file cut short": run_directory(cut_file),
    "run directory: damaged manifest": run_directory(damaged_manifest),
    "run directory: another format": run_directory(manifest_of_another_format),
    "account: tokens lost": lambda _: TokenAccount(read=10, kept=9).checked(),
    "account: stages differ": lambda _: require_equal("tokens read by vocab", 9, 10),
}


COMMANDS = {
    "command: no vectors named": ["neighbors", "king"],
    "command: missing run": ["report", "--run-dir", "{folder}/absent"],
    "command: stage before is missing": ["train", "--run-dir", "{folder}/run"],
    "command: missing input": ["run", "--run-dir", "{folder}/new", "--input", "{folder}/absent.txt"],
}


def test_messages_are_those_of_the_file(tmp_path, w2v, request):
    told = {}
    for number, (name, break_it) in enumerate(CASES.items()):
        (folder := tmp_path / str(number)).mkdir()
        with pytest.raises(W2VError) as fault:
            break_it(folder)
        told[name] = f"{type(fault.value).__name__}: {fault.value}".replace(str(folder), "<tmp>")
    RunDir.create(str(tmp_path / "run"))
    for name, arguments in COMMANDS.items():
        status, _, err = w2v(*(each.format(folder=tmp_path) for each in arguments))
        told[name] = f"exit status {status}: {' '.join(err.split())}".replace(str(tmp_path), "<tmp>")
    text = "".join(f"{name}\n    {message}\n" for name, message in told.items())
    if request.config.getoption("--update-messages"):
        SNAPSHOT.write_text(text, encoding="utf-8")
    assert text.splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()
