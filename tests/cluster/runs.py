"""Runs on a cluster: the Spark stages, one spark-submit each, and what they left."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from machines import Cluster, Submitted, deadline

SCRIPTS = {
    "tokens": "jobs/tokenize_corpus.py",
    "vocab": "jobs/build_vocab.py",
    "shards": "jobs/write_shards.py",
}
STAGES = tuple(SCRIPTS)
SETTINGS = {
    "tokens": ["--set", "tokenize.split_bytes=100000"],
    "vocab": ["--set", "vocab.min_count=2", "--set", "vocab.sample=0.01"],
    "shards": ["--set", "shards.target_rows=20000", "--set", "shards.window=3"],
}
MEET = "tests/cluster/faults/meet.py"


@dataclass(frozen=True)
class Runs:
    """Makes runs of one text."""

    cluster: Cluster
    text: str

    @cached_property
    def undisturbed(self) -> str:
        """A run of two workers and no fault."""
        return self.made("undisturbed")

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What it left."""
        return self.left_by(self.undisturbed)

    def made(self, name: str, *, master: str | None = None, conf: dict[str, str] | None = None) -> str:
        """A new run of all Spark stages."""
        run = self.cluster.folder(name)
        for stage in STAGES:
            self.succeed(self.start(run, stage, master=master, conf=conf))
        return run

    def before(self, stage: str, name: str) -> str:
        """A new run with the stages before `stage`, as the undisturbed one left them."""
        run = self.cluster.folder(name)
        for place in ["run.json", *STAGES[: STAGES.index(stage)]]:
            self.cluster.run("cp", "-r", f"{self.undisturbed}/{place}", run)
        return run

    def start(
        self,
        run: str,
        stage: str,
        *,
        fault: tuple[str, ...] = (),
        master: str | None = None,
        conf: dict[str, str] | None = None,
        options: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
    ) -> Submitted:
        """A stage's job, which meets `fault`: the place, its name, and the folder for its marks."""
        arguments = ["--run-dir", run, *SETTINGS[stage]]
        if stage == "tokens":
            arguments += ["--input", self.text]
        script = MEET if fault else SCRIPTS[stage]
        return self.cluster.submit(
            script, *fault, *arguments, master=master, conf=conf, options=options, env=env
        )

    def succeed(self, job: Submitted) -> str:
        """What the job said, which ends well."""
        status = job.wait()
        assert status == 0, job.output
        return job.output

    def mark(self, marks: str, name: str, job: Submitted) -> str:
        """Wait for a fault's mark: the worker on which it struck."""
        try:
            with deadline(f"{name} in {marks}") as is_over:
                while not self.cluster.exists(f"{marks}/{name}"):
                    assert job.is_running(), f"{name} in {marks} did not come"
                    is_over()
        except AssertionError as fault:
            if job.is_running():
                job.kill()
            job.wait()
            raise AssertionError(f"{fault}\n{job.output}") from None
        return self.cluster.read(f"{marks}/{name}").strip()

    def left_by(self, run: str) -> dict[str, Any]:
        """Of every Spark stage: its files by hash, its account, digest and counters."""
        found: dict[str, Any] = self.cluster.look("files", run, *STAGES)
        return found

    def assert_as_undisturbed(self, run: str, last: str = "shards") -> None:
        """The same files in the same order, to the byte, the same account, and nothing beside them, up to `last`."""
        left = self.left_by(run)
        for stage in STAGES[: STAGES.index(last) + 1]:
            assert left[stage] == self.expected[stage], stage
            assert left[stage]["manifest"]
            assert left[stage]["files"]

    def assert_nothing_looks_finished(self, run: str, stage: str) -> None:
        """The stages from `stage` on have no manifest and no file outside their temporary folders."""
        left = self.left_by(run)
        for later in STAGES[STAGES.index(stage) :]:
            assert left[later]["manifest"] is None
            assert [name for name in left[later]["files"] if not name.startswith("_temporary/")] == []
