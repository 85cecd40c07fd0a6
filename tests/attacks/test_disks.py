"""A disk that is full, and one that is read-only, under each command: one sentence, and nothing half looks whole.

When the disk has room again the same command ends with the same bytes.
"""

import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from w2v_core.pipeline.verify import verify
from w2v_core.registry.store import ModelStore
from w2v_core.runs.artifacts import MANIFEST
from w2v_core.runs.run_directory import RunDir

PAGE = 4096
SETTINGS = (
    "vocab.min_count=2",
    "vocab.sample=0.05",
    "shards.window=2",
    "phrases.passes=1",
    "train.epochs=2",
    "train.vector_size=200",
    "train.workers=1",
)
STAGES = {
    "tokenize": "tokens",
    "phrases": "phrases",
    "vocab": "vocab",
    "shards": "shards",
    "train": "vectors",
    "evaluate": "reports",
}
ROOMS = (0, 4 * PAGE)
"""For nothing at all, and for a lease and the first of what a stage writes."""


class Disk:
    """A file system of its own, of 32 MB."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, room: int) -> None:
        """Leave room for so many bytes, of whole pages."""
        free = shutil.disk_usage(self.folder).free
        with open(self._filler, "wb") as file:
            for _ in range((free - room) // PAGE):
                file.write(b"\1" * PAGE)

    def empty(self) -> None:
        self._filler.unlink()

    def protect(self, mode: str) -> None:
        """`ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{mode}", str(self.folder)], check=True)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Not below pytest's folders: where a test is killed, what cleans those stumbles over the mount."""
    folder = Path(tempfile.mkdtemp(prefix="디스크 disk "))
    mounting = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("a disk of its own takes root")
    yield Disk(folder)
    subprocess.run(
        ["umount", "--lazy", str(folder)], check=True
    )  # workers map a vocabulary for as long as they live
    folder.rmdir()


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    """So many words that each stage takes more than the pages of ROOMS."""
    rng = random.Random(5)
    words = [f"낱말{number}" for number in range(2000)]
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(" ".join(rng.choices(words, k=12)) for _ in range(4000)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_text("".join(f"낱말{n}\t낱말{n + 1}\t{n % 7}\n" for n in range(50)), encoding="utf-8")
    return path


@pytest.fixture
def command(w2v, text, pairs) -> Callable[[str, Path], tuple[int, str]]:
    """Runs a command on a run directory: exit code and standard error."""
    settings = [word for each in SETTINGS for word in ("--set", each)]
    options = {"tokenize": ["--input", str(text)], "evaluate": ["--similarity", str(pairs)]}

    def run(name: str, folder: Path) -> tuple[int, str]:
        code, _, told = w2v(name, "--run-dir", str(folder), *options.get(name, []), *settings)
        return code, told

    return run


@pytest.fixture
def before(command, tmp_path_factory) -> Callable[[str, Path], Path]:
    """Copies of an undisturbed run as it was before a command."""
    undisturbed = UNDISTURBED.get("run")
    if undisturbed is None:
        undisturbed = tmp_path_factory.mktemp("undisturbed") / "run"
        for name in (*STAGES, "report"):
            code, told = command(name, undisturbed)
            assert code == 0, told
        UNDISTURBED["run"] = undisturbed

    def copied(name: str, to: Path) -> Path:
        stages = list(STAGES.values())
        done = stages[: list(STAGES).index(name)] if name in STAGES else stages
        run = to / "run"
        run.mkdir()
        shutil.copy(undisturbed / "run.json", run)
        for stage in done:
            shutil.copytree(undisturbed / stage, run / stage, ignore=shutil.ignore_patterns("report.html"))
        return run

    return copied


UNDISTURBED: dict[str, Path] = {}


def as_undisturbed(run: Path, stage: str) -> bool:
    """Whether the files of a stage are those of the undisturbed run; metrics tell seconds."""
    ours, theirs = (RunDir.open(str(folder)).require(stage).files for folder in (run, UNDISTURBED["run"]))
    differing = {entry.name for entry in set(ours) ^ set(theirs)}
    return differing <= {"metrics.jsonl"} and not problems(run)


def problems(run: Path) -> list[str]:
    return [problem for stage in verify(RunDir.open(str(run))) for problem in stage.problems]


def assert_one_sentence(code: int, told: str, *reasons: str) -> None:
    assert code == 2, told
    assert "Traceback" not in told
    assert "\tat " not in told, "Java's traces"
    last = told.splitlines()[-1]
    assert last.startswith("error: "), told
    assert any(reason in last for reason in reasons), told


@pytest.mark.parametrize(
    ("name", "room"),
    [(name, room) for name in STAGES for room in ROOMS if (name, room) != ("evaluate", ROOMS[1])],
)
def test_a_full_disk_under_a_stage(name, room, disk, command, before):
    run = before(name, disk.folder)
    disk.fill(room)
    assert_one_sentence(*command(name, run), "No space left on device")
    assert not (run / STAGES[name] / MANIFEST).exists()
    assert not problems(run)
    disk.empty()
    code, told = command(name, run)
    assert code == 0, told
    assert as_undisturbed(run, STAGES[name])


def test_a_full_disk_under_a_new_run(disk, command):
    disk.fill(0)
    assert_one_sentence(*command("tokenize", disk.folder / "run"), "No space left on device")
    disk.empty()
    assert command("tokenize", disk.folder / "run")[0] == 0


@pytest.mark.parametrize("room", ROOMS)
def test_a_full_disk_under_the_report(room, disk, command, before):
    run = before("report", disk.folder)
    disk.fill(room)
    assert_one_sentence(*command("report", run), "No space left on device")
    assert not (run / "reports" / "report.html").exists()
    disk.empty()
    assert command("report", run)[0] == 0
    assert (run / "reports" / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize("room", ROOMS)
def test_a_full_disk_under_a_store_keeps_what_is_there(room, disk, w2v, before, tmp_path):
    run, store = before("report", tmp_path), disk.folder / "store"

    def publish(name: str) -> tuple[int, str]:
        code, _, told = w2v("publish", "--run-dir", str(run), "--store", str(store), "--name", name)
        return code, told

    assert publish("소식")[0] == 0
    disk.fill(room)
    assert_one_sentence(*publish("다른 소식"), "No space left on device")
    models = {name: ModelStore(str(store)).model(name) for name in ("소식", "다른 소식")}
    assert [version.name for version in models["소식"].versions()] == ["v1"]
    assert models["소식"].current().name == "v1"
    assert not models["소식"].verify("v1")
    assert not models["다른 소식"].versions()
    disk.empty()
    assert publish("다른 소식")[0] == 0
    assert not models["다른 소식"].verify("v1")


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("kind", ["word2vec-text", "word2vec-binary", "npy", "parquet", "safetensors"])
def test_a_full_disk_under_an_export_leaves_nothing(kind, room, disk, w2v, before, tmp_path):
    run = before("report", tmp_path)
    output = disk.folder / "vectors"
    disk.fill(room)
    code, _, told = w2v("export", "--run-dir", str(run), "--format", kind, "--output", str(output))
    assert_one_sentence(code, told, "No space left on device")
    disk.empty()
    assert not list(disk.folder.iterdir())


@pytest.mark.parametrize("name", [*STAGES, "report"])
def test_a_read_only_run_directory(name, disk, command, before):
    """What is to be made is refused by the disk's own words; what is up to date says so."""
    run = before(name, disk.folder)
    state = sorted(run.rglob("*"))
    disk.protect("ro")
    assert_one_sentence(*command(name, run), "Read-only file system")
    assert sorted(run.rglob("*")) == state
    disk.protect("rw")
    assert command(name, run)[0] == 0
    disk.protect("ro")
    code, told = command(name, run)
    assert code == 0, told
    assert "up to date" in told
    disk.protect("rw")
