"""Making a stage unless it is already made, and telling people so."""

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
    """What a stage made: files, where the tokens went, and other counts."""

    files: list[FileEntry]
    tokens: TokenAccount | None = None
    counters: dict[str, int] = field(default_factory=dict)
    digest: str | None = None


class StageFolder(Protocol):
    """Where a stage is written: a run directory, or an output folder."""

    def is_current(self, name: str, wanted: str) -> bool:
        """Return whether the stage is complete and has the fingerprint `wanted`."""

    def require(self, name: str) -> Manifest:
        """Return the manifest of the stage."""

    def rewrite(self, name: str) -> AbstractContextManager[StageWriter]:
        """Empty the stage and yield the draft of its new content."""


def make_stage(
    run: StageFolder,
    name: str,
    config: BaseModel,
    inputs: Any,
    build: Callable[[StageWriter], StageResult],
    prepare: Callable[[], object] = lambda: None,
) -> Manifest:
    """The manifest of stage `name` made from `config` and `inputs`: the one that stands, or a new one.

    `prepare` may still refuse, before anything old is removed. `build` writes the stage's files; nothing
    counts as written before it has returned.
    """
    with bind_stage(name):
        if run.is_current(name, fingerprint(name, config, inputs)):
            log_event(f"{name}: up to date", "stage_up_to_date")
            return run.require(name)
        log_event(f"{name}: working", "stage_started")
        with _name_interrupted_stage(name):
            prepare()
            with run.rewrite(name) as stage_writer:
                result = build(stage_writer)
                manifest = stage_writer.finish(
                    config=config,
                    inputs=inputs,
                    files=result.files,
                    tokens=result.tokens,
                    counters=result.counters,
                    digest=result.digest,
                )
        log_event(f"{name}: {describe(manifest)}", "stage_finished", **stage_summary(manifest))
        return manifest


@contextmanager
def _name_interrupted_stage(name: str) -> Iterator[None]:
    """KeyboardInterrupt says which stage it struck, also where a failure that came of it had hidden it."""
    try:
        yield
    except BaseException as error:
        if was_interrupted(error):
            raise KeyboardInterrupt(f"the {name} stage was not written") from error
        raise


def describe(manifest: Manifest) -> str:
    """One line: time, size, and every count."""
    parts = [f"{manifest.seconds:.1f} s", f"{sum(file.bytes for file in manifest.files) / 1e6:.1f} MB"]
    if account := manifest.tokens:
        parts.append(f"tokens {account}")
    parts += [f"{name.replace('_', ' ')} {count:,}" for name, count in manifest.counters.items() if count]
    return "; ".join(parts)


def stage_summary(manifest: Manifest) -> dict[str, Any]:
    """The same, for programs."""
    return {
        "seconds": manifest.seconds,
        "files": len(manifest.files),
        "bytes": sum(file.bytes for file in manifest.files),
        "tokens": None if manifest.tokens is None else asdict(manifest.tokens),
        "counters": manifest.counters,
    }
