"""What ships is what is tested: the zip for --py-files, imported and run from an empty directory."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ZIP = ROOT / "dist" / "w2v.zip"


@pytest.fixture(scope="module")
def package() -> Path:
    """The zip that `make package` builds, newer than every source."""
    sources = [path for kind in ("*.py", "*.css", "*.js") for path in files_of_ours(kind)]
    if not ZIP.exists() or ZIP.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        subprocess.run(["make", "package"], cwd=ROOT, check=True, capture_output=True)
    return ZIP


def files_of_ours(kind: str) -> list[Path]:
    return list((ROOT / "w2v_core").rglob(kind))


def run_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=True)


def test_the_zip_holds_the_code_and_nothing_else(package):
    names = zipfile.ZipFile(package).namelist()
    assert {name.split("/")[0] for name in names} == {
        "w2v_core",
        "w2v-0.1.0.dist-info",
        "__main__.py",
    }
    assert "w2v_core/training/engine/skip_gram.py" in names
    assert {
        "w2v_core/executors/log4j2.properties",
        "w2v_core/report/page.css",
        "w2v_core/report/page.js",
    } <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_every_module_imports_from_the_zip_alone(package, tmp_path):
    code = (
        "import sys, zipfile, importlib\n"
        "zip_path = sys.argv[1]\n"
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in type(f).__module__]\n"
        "sys.path = [zip_path] + [p for p in sys.path if p not in ('', sys.argv[2])]\n"
        "names = [n[:-3].replace('/', '.') for n in zipfile.ZipFile(zip_path).namelist()\n"
        "         if n.endswith('.py') and n != '__main__.py']\n"
        "for name in names:\n"
        "    module = importlib.import_module(name.removesuffix('.__init__'))\n"
        "    assert module.__file__.startswith(zip_path), module.__file__\n"
        "print(len(names))\n"
    )
    done = run_in(tmp_path, "-I", "-c", code, str(package), str(ROOT))
    assert int(done.stdout) > 40


@pytest.mark.slow
def test_the_zip_is_a_program_that_trains_in_several_processes(
    package, corpus, make_run, tmp_path, python_without_us
):
    run = make_run(corpus)
    for stage in ("vectors", "reports"):
        shutil.rmtree(Path(run.folder.path, stage))
    settings = ["--set", "train.workers=2", "--set", "train.vector_size=8"]
    command = [python_without_us, str(package), "train", "--run-dir", run.folder.path, *settings]
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(command, cwd=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = run.require("vectors")
    assert manifest.counters["workers"] == 2
    command = [python_without_us, str(package), "report", "--run-dir", run.folder.path]
    subprocess.run(command, cwd=empty, check=True, capture_output=True)
    assert Path(run.folder.path, "reports", "report.html").stat().st_size > 10_000
    assert list(empty.iterdir()) == []


@pytest.mark.spark
@pytest.mark.slow
def test_the_zip_as_a_program_gives_itself_to_sparks_workers(package, corpus, tmp_path, python_without_us):
    settings = ["--run-dir", str(tmp_path / "run"), "--set", "spark.master=local[2]"]
    command = [python_without_us, str(package), "tokenize", *settings, "--input", str(corpus)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "tokens" / "manifest.json").exists()


@pytest.mark.spark
@pytest.mark.slow
def test_the_stages_run_under_spark_submit_with_the_zip(package, corpus, tmp_path, python_without_us):
    import pyspark

    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    environment = os.environ | {"PYSPARK_PYTHON": python_without_us, "SPARK_LOCAL_IP": "127.0.0.1"}
    run_dir = tmp_path / "run"
    for job, *options in (
        ("tokenize_corpus", "--input", str(corpus)),
        ("build_vocab", "--set", "vocab.min_count=2"),
        ("write_shards",),
    ):
        script = ROOT / "jobs" / f"{job}.py"
        command = [str(submit), "--master", "local[2]", "--py-files", str(package), str(script)]
        done = subprocess.run(
            [*command, "--run-dir", str(run_dir), *options],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (run_dir / "shards" / "manifest.json").exists()
    command += ["--run-dir", str(run_dir), "--set", "shards.windw=3"]
    bad = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert bad.returncode == 2
    assert "did you mean window?" in bad.stdout + bad.stderr  # spark-submit prints both on standard output
