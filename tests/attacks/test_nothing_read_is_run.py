"""What is read is never run: no code of ours unpickles or evaluates, and hostile files of every kind leave no trace.

Spark pickles our functions to its own workers, as PySpark always does: who can write to a cluster's wires can run code
there, with us or without. Turn `spark.authenticate` on where others reach them.
"""

import ast
import json
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs_by_hand import finished_run

from w2v_core import WordVectors
from w2v_core.config import TokenizeConfig, load_config
from w2v_core.errors import UserError
from w2v_core.io.filesystem import Folder, open_folder
from w2v_core.nightly.ledger import Ledger
from w2v_core.readers.splits import find_files, plan_splits
from w2v_core.runs.artifacts import VOCAB_ARROW
from w2v_core.runs.manifest import FileEntry
from w2v_core.runs.run_directory import RunDir
from w2v_core.schemas import VOCAB
from w2v_core.shards.epoch_order import Unit
from w2v_core.shards.read import Shards
from w2v_core.tokenization.task import tokenize_part
from w2v_core.tokenization.tokenizer_resources import TokenizerResources
from w2v_core.tokenization.tokenizers import sentencepiece
from w2v_core.training.checkpoint import Checkpoints
from w2v_core.training.engine.tables import Tables
from w2v_core.vectors.formats.detect_format import open_table
from w2v_core.vocabulary.vocabulary import Vocabulary

ROOT = Path(__file__).parents[2]
MODULES = {
    "pickle",
    "cloudpickle",
    "_pickle",
    "dill",
    "marshal",
    "shelve",
    "dbm",
    "joblib",
    "code",
    "runpy",
}
CALLS = {"eval", "exec", "compile", "__import__", "execfile", "input"}
METHODS = {
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("yaml", "full_load"),
    ("np", "load"),
    ("numpy", "load"),
    ("np", "fromregex"),
    ("pd", "read_pickle"),
    ("pandas", "read_pickle"),
    ("torch", "load"),
    ("builtins", "eval"),
    ("builtins", "exec"),
}


def dangers(source: str) -> list[str]:
    """What of a source could run what it reads."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in CALLS:
                found.append(function.id)
            if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
                name = (function.value.id, function.attr)
                safe = any(word.arg == "allow_pickle" and _is_false(word.value) for word in node.keywords)
                found += [".".join(name)] if name in METHODS and not safe else []
            found += [
                "allow_pickle"
                for word in node.keywords
                if word.arg == "allow_pickle" and not _is_false(word.value)
            ]
    return found


def _is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from cloudpickle import loads",
        "torch.load(path)",
        "eval(text)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.lib.format.read_array(stream, allow_pickle=answer)",
        "yaml.load(text)",
        "exec(compile(text, 'x', 'exec'))",
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    assert dangers(source)


def test_the_search_lets_through_what_is_harmless():
    assert dangers("import re\nre.compile('x')\nnp.load(path, allow_pickle=False)\njson.loads(text)") == []


OWN_PIPES = {f"w2v_core/executors/{name}.py" for name in ("local", "local_worker", "worker_process")}
"""They pickle tasks and results, from one process of ours to another that it has started."""


def test_what_is_unpickled_comes_from_a_pipe_of_ours():
    calls = [
        ast.unparse(node)
        for path in OWN_PIPES
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("pickle.load")
    ]
    assert sorted(set(calls)) == [
        "pickle.loads(pickled)",  # what the worker itself has just pickled: can its parent read it?
        "pickle.loads(pipe.recv_bytes())",
        "pickle.loads(self.pipe.recv_bytes())",
    ]


@pytest.mark.parametrize("folder", ["w2v_core", "jobs", "conf", "docs/examples", "benchmarks"])
def test_no_code_of_ours_runs_what_it_reads(folder):
    sources = sorted((ROOT / folder).rglob("*.py"))
    assert sources
    found = {str(path.relative_to(ROOT)): dangers(path.read_text(encoding="utf-8")) for path in sources}
    assert {path: what for path, what in found.items() if what and path not in OWN_PIPES} == {}


# Hostile files


class Canary:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def canary(tmp_path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def hostile(tmp_path, canary) -> dict[str, bytes]:
    """Files that run code in a reader that lets them, by what they are."""
    bait = Canary(canary)
    objects = np.array([[bait, bait]], dtype=object)
    made = tmp_path / "made"
    made.mkdir()
    np.save(made / "objects.npy", objects, allow_pickle=True)
    np.savez(made / "objects.npz", vectors=objects, tokens=objects)
    code = f"__import__('pathlib').Path({str(canary)!r}).touch()"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({code} or 1, 2)}}".encode()
    evaluated = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)
    tensors = json.dumps(
        {
            "__metadata__": {"__reduce__": code},
            "vectors": {"dtype": code, "shape": [1, 2], "data_offsets": [0, 8]},
        }
    ).encode()
    pickles = {
        f"pickle {protocol}": pickle.dumps(bait, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    }
    return pickles | {
        "array of objects": (made / "objects.npy").read_bytes(),
        "npz": (made / "objects.npz").read_bytes(),
        "array with code in its header": evaluated,
        "safetensors with code in its header": len(tensors).to_bytes(8, "little") + tensors + bytes(8),
        "Parquet of pickled extension types": parquet_with_pickles(bait),
        "Arrow of pickled extension types": arrow_with_pickles(bait),
        "YAML": f"!!python/object/apply:os.mkdir ['{canary}']".encode(),
        "Python": code.encode(),
        "JSON": json.dumps({"py/object": "pathlib.Path", "py/reduce": [code]}).encode(),
    }


def table_with_pickles(bait: Canary) -> pa.Table:
    """Columns whose types old PyArrow unpickled when it read a schema."""
    pickled = pickle.dumps(bait)
    told = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": pickled}
    fields = [field.with_metadata(told) for field in VOCAB] + [
        pa.field("text", pa.string(), metadata=told),
        pa.field("vector", pa.list_(pa.float32()), metadata=told),
    ]
    row = {field.name: 1 for field in VOCAB} | {"token": "word", "text": "a word", "vector": [1.0, 2.0]}
    columns = [pa.array([row[field.name]], field.type) for field in fields]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata={b"pandas": pickled}))


def parquet_with_pickles(bait: Canary) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table_with_pickles(bait), sink)
    return sink.getvalue().to_pybytes()


def arrow_with_pickles(bait: Canary) -> bytes:
    sink, table = pa.BufferOutputStream(), table_with_pickles(bait)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def vectors_folder(folder: Path, data: bytes) -> None:
    run = finished_run(folder / "run", 1)
    for name in ("input.npy", "vocab.parquet"):
        there = Path(run.location, "vectors", name)
        was = there.read_bytes()
        there.write_bytes(data)
        refused(lambda: WordVectors.load(run.location))
        there.write_bytes(was)


def vocabulary(folder: Path, data: bytes) -> None:
    run = finished_run(folder / "run", 1)
    for path in sorted(Path(run.location, "vocab").iterdir()):
        was = path.read_bytes()
        path.write_bytes(data)
        if path.name == "vocab.parquet":
            refused(lambda: Vocabulary.read(run.stage("vocab")))
        elif path.name == VOCAB_ARROW or path.suffix == ".npy":
            refused(lambda: Vocabulary.open(run.stage("vocab")))
        path.write_bytes(was)


def folder_of_npy(folder: Path, data: bytes) -> None:
    there = folder / "npy"
    there.mkdir()
    np.save(there / "vectors.npy", np.ones((1, 2), np.float32))
    np.save(there / "counts.npy", np.ones(1, np.int64))
    (there / "tokens.json").write_text('["word"]')
    for path in sorted(there.iterdir()):
        was = path.read_bytes()
        path.write_bytes(data)
        refused(lambda: open_table(str(there)))
        path.write_bytes(was)


def one_file_of_vectors(folder: Path, data: bytes) -> None:
    for name in (
        "vectors.npy",
        "vectors.pt",
        "vectors.bin",
        "vectors.parquet",
        "vectors.safetensors",
        "vectors.txt",
    ):
        (folder / name).write_bytes(data)
        refused(lambda: open_table(str(folder / name)), may_be_read=data.startswith(b"PAR1"))  # noqa: B023


def checkpoint(folder: Path, data: bytes) -> None:
    there = folder / "checkpoints" / "000001"
    there.mkdir(parents=True)
    (there / "state.json").write_text('{"settings": {}, "standings": [], "seconds": 1}')
    for name in ("input.npy", "output.npy"):
        (there / name).write_bytes(data)
    saved = Checkpoints(open_folder(str(folder / "checkpoints"))).latest()
    tables = Tables(np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32))
    refused(lambda: saved.load_into(tables))


def manifests(folder: Path, data: bytes) -> None:
    run = finished_run(folder / "run", 1)
    for name in ("run.json", "vectors/manifest.json"):
        Path(run.location, name).write_bytes(data)
        refused(lambda: RunDir.open(run.location).require("vectors"))
    refused(lambda: Ledger.read(data, "ledger"))


def settings(folder: Path, data: bytes) -> None:
    for name in ("settings.toml", "settings.json", "settings.yaml"):
        (folder / name).write_bytes(data)
        refused(lambda: load_config(str(folder / name)))  # noqa: B023


def a_tokenizers_model(folder: Path, data: bytes) -> None:
    refused(lambda: sentencepiece.tokenizer(data, "model"))


def text(folder: Path, data: bytes) -> None:
    """Words are all that comes out, whatever the ending says."""
    there = folder / "input"
    there.mkdir()
    for ending in ("txt", "jsonl", "parquet", "orc", "avro", "xml"):
        path = there / f"a.{ending}"
        path.write_bytes(data)
        into = open_folder(str(folder / f"out {ending}"))
        into.create()
        refused(partial(tokenize, path, into), may_be_read=True)


def tokenize(path: Path, into: Folder) -> None:
    splits = [split for task in plan_splits(find_files([str(path)]), 1 << 20) for split in task]
    config = TokenizeConfig()
    tokenize_part(splits, config, TokenizerResources.read(config), into, 0)


def shards(folder: Path, data: bytes) -> None:
    there = folder / "shards"
    there.mkdir()
    (there / "part-00000.parquet").write_bytes(data)
    held = FileEntry(name="part-00000.parquet", rows=1, bytes=len(data), crc32=0)
    of_words = Shards(open_folder(str(there)), [held], window=2, row_group_rows=1, num_words=1)
    refused(lambda: of_words.read_unit(Unit(0, 0, 0, 1), 0, 1))


def refused(read, may_be_read: bool = False) -> None:
    """It is told as the user's, or as no such file; or read, where what is hostile in it is nothing to us."""
    try:
        read()
    except UserError:
        return
    assert may_be_read


READERS = [
    vectors_folder,
    vocabulary,
    folder_of_npy,
    one_file_of_vectors,
    checkpoint,
    manifests,
    settings,
    a_tokenizers_model,
    text,
    shards,
]


# PyArrow before 21 says so, of a type that it refuses to unpickle.
@pytest.mark.filterwarnings("ignore:pickle-based deserialization:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:pyarrow.PyExtensionType is deprecated:FutureWarning")
@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_hostile_files_are_refused_and_run_nothing(reader, hostile, canary, tmp_path):
    for number, (what, data) in enumerate(hostile.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        reader(folder, data)
        assert not canary.exists(), what


def test_the_bait_works(hostile, canary, tmp_path):
    for bites in (
        lambda: pickle.loads(hostile["pickle 0"]),
        lambda: pickle.loads(hostile["pickle 5"]),
        lambda: eval(hostile["Python"]),
        lambda: np.load(tmp_path / "made" / "objects.npy", allow_pickle=True),
    ):
        bites()
        assert canary.exists()
        canary.unlink()
