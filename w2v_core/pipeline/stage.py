"""Making a stage unless it is already made, and telling people so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel

from w2v_core.cli.signals import was_interrupted
from w2v_core.console.log import of_stage, say
from w2v_core.runs.run_directory import Draft, FileEntry, Manifest, RunDir, fingerprint
from w2v_core.runs.token_account import TokenAccount


@dataclass(frozen=True)
class Made:
    """What a stage made: files, where the tokens went, and other counts."""

    files: list[FileEntry]
    tokens: TokenAccount | None = None
    counters: dict[str, int] = field(default_factory=dict)
    digest: str | None = None


def make_stage(
    run: RunDir,
    name: str,
    config: BaseModel,
    inputs: Any,
    build: Callable[[Draft], Made],
    prepare: Callable[[], object] = lambda: None,
) -> Manifest:
    """The manifest of stage `name` made from `config` and `inputs`: the one that stands, or a new one.

    `prepare` may still refuse, before anything old is removed. `build` writes the stage's files; nothing
    counts as written before it has returned.
    """
    of_stage(name)
    if run.is_current(name, fingerprint(name, config, inputs)):
        say(f"{name}: up to date", "stage_up_to_date")
        of_stage(None)
        return run.require(name)
    say(f"{name}: working", "stage_started")
    with _interrupts_told(name):
        prepare()
        with run.rewrite(name) as draft:
            made = build(draft)
            manifest = draft.finish(
                config=config,
                inputs=inputs,
                files=made.files,
                tokens=made.tokens,
                counters=made.counters,
                digest=made.digest,
            )
    say(f"{name}: {describe(manifest)}", "stage_finished", **facts(manifest))
    of_stage(None)
    return manifest


@contextmanager
def _interrupts_told(name: str) -> Iterator[None]:
    """KeyboardInterrupt says which stage it struck, also where a failure that came of it had hidden it."""
    try:
        yield
    except BaseException as error:
        if was_interrupted(error):
            raise KeyboardInterrupt(f"the {name} stage was not written") from error
        raise


def describe(manifest: Manifest) -> str:
    """One line: time, size, and every count."""
    facts = [f"{manifest.seconds:.1f} s", f"{sum(file.bytes for file in manifest.files) / 1e6:.1f} MB"]
    if account := manifest.tokens:
        facts.append(f"tokens {account}")
    facts += [f"{name.replace('_', ' ')} {count:,}" for name, count in manifest.counters.items() if count]
    return "; ".join(facts)


def facts(manifest: Manifest) -> dict[str, Any]:
    """The same, for programs."""
    return {
        "seconds": manifest.seconds,
        "files": len(manifest.files),
        "bytes": sum(file.bytes for file in manifest.files),
        "tokens": None if manifest.tokens is None else asdict(manifest.tokens),
        "counters": manifest.counters,
    }
