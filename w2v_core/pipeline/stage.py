"""Write a stage unless it is up to date, and log which of both happened."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from w2v_core.executors.interrupts import was_interrupted
from w2v_core.io.events import bind_stage, log_event
from w2v_core.runs.manifest import FileEntry, Manifest, fingerprint
from w2v_core.runs.stage_writer import StageWriter
from w2v_core.runs.token_account import TokenAccount


@dataclass(frozen=True)
class StageResult:
    """The result of a stage: its files, token account and other counts."""

    files: list[FileEntry]
    tokens: TokenAccount | None = None
    counters: dict[str, int] = field(default_factory=dict)
    digest: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


class StageFolder(Protocol):
    """Where a stage is written: a run directory, or an output folder."""

    def is_current(self, name: str, wanted: str) -> bool:
        """Return whether the stage is complete and has the fingerprint `wanted`."""

    def require(self, name: str) -> Manifest:
        """Return the manifest of the stage."""

    def rewrite(self, name: str) -> AbstractContextManager[StageWriter]:
        """Empty the stage and yield the writer of its new content."""


def make_stage(
    run: StageFolder,
    name: str,
    config: BaseModel,
    inputs: Any,
    build: Callable[[StageWriter], StageResult],
    prepare: Callable[[], object] = lambda: None,
) -> Manifest:
    """Write stage `name` from `config` and `inputs` unless it is up to date, and return its manifest.

    `prepare` may raise before the old stage is removed. `build` writes the files of the stage; the stage is
    complete only after `build` has returned.
    """
    with bind_stage(name):
        if run.is_current(name, fingerprint(name, config, inputs)):
            log_event(f"{name}: up to date", "stage_up_to_date")
            return run.require(name)
        log_event(f"{name}: working", "stage_started")
        with _name_interrupted_stage(name):
            prepare()
            with run.rewrite(name) as stage_writer:
                manifest = finish_stage(stage_writer, config, inputs, build(stage_writer))
        log_event(f"{name}: {describe(manifest)}", "stage_finished", **stage_summary(manifest))
        return manifest


def finish_stage(stage_writer: StageWriter, config: BaseModel, inputs: Any, result: StageResult) -> Manifest:
    """Write and return the manifest of `result`, which completes the stage."""
    return stage_writer.finish(
        config=config,
        inputs=inputs,
        files=result.files,
        tokens=result.tokens,
        counters=result.counters,
        digest=result.digest,
        environment=result.environment,
    )


@contextmanager
def _name_interrupted_stage(name: str) -> Iterator[None]:
    """Raise an interrupt with the name of the stage, also if another failure hides the interrupt."""
    try:
        yield
    except BaseException as error:
        if was_interrupted(error):
            raise KeyboardInterrupt(f"the {name} stage was not written") from error
        raise


def describe(manifest: Manifest) -> str:
    """Return one line with time, size and every count."""
    parts = [f"{manifest.seconds:.1f} s", f"{sum(file.bytes for file in manifest.files) / 1e6:.1f} MB"]
    if account := manifest.tokens:
        parts.append(f"tokens {account}")
    parts += [f"{name.replace('_', ' ')} {count:,}" for name, count in manifest.counters.items() if count]
    return "; ".join(parts)


def stage_summary(manifest: Manifest) -> dict[str, Any]:
    """Return the same as a dictionary."""
    return {
        "seconds": manifest.seconds,
        "files": len(manifest.files),
        "bytes": sum(file.bytes for file in manifest.files),
        "tokens": None if manifest.tokens is None else asdict(manifest.tokens),
        "counters": manifest.counters,
    }
