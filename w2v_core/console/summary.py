"""What each stage of a run took and made, as a table at the end of `w2v run`."""

from collections.abc import Sequence

from w2v_core.console.log import speaks_json
from w2v_core.console.tables import Row, print_rows
from w2v_core.io.events import log_event
from w2v_core.runs.artifacts import MANIFEST
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir

HEADINGS = ("stage", "seconds", "rows", "MB written", "tokens/s")
UP_TO_DATE = "up to date"


def stage_status(run: RunDir, stages: Sequence[str]) -> dict[str, bytes | None]:
    """The manifests of `stages` as they stand, unread; None where a stage is not finished."""
    return {stage: run.stage(stage).read(MANIFEST) for stage in stages}


def print_summary(run: RunDir, before: dict[str, bytes | None]) -> None:
    """The table of the stages in `before`, which is what `standing` gave before they were made."""
    after = stage_status(run, list(before))
    made = [stage for stage in before if after[stage] != before[stage]]
    manifests = [run.require(stage) for stage in before]
    rows = summary_rows(manifests, made)
    if speaks_json():
        seconds = sum(manifest.seconds for manifest in manifests if manifest.stage in made)
        log_event(f"run: finished; {seconds:.1f} s", "run_finished", made=made, seconds=seconds)
    else:
        print_rows(HEADINGS, rows, has_total=True)


def summary_rows(manifests: Sequence[Manifest], made: Sequence[str]) -> list[Row]:
    """A row of HEADINGS for every stage, and the total of the `made` ones; the others are up to date."""
    fresh = [manifest for manifest in manifests if manifest.stage in made]
    total = ("total", f"{sum(manifest.seconds for manifest in fresh):.1f}", "", _megabytes(fresh), "")
    return [*(_row(manifest, manifest in fresh) for manifest in manifests), total]


def _row(manifest: Manifest, is_fresh: bool) -> Row:
    num_rows = sum(file.rows or 0 for file in manifest.files)
    rows_text = f"{num_rows:,}" if num_rows else ""
    if not is_fresh:
        return manifest.stage, UP_TO_DATE, rows_text, "", ""
    return manifest.stage, f"{manifest.seconds:.1f}", rows_text, _megabytes([manifest]), _rate(manifest)


def _rate(manifest: Manifest) -> str:
    """Tokens read a second, of stages that handle tokens."""
    if manifest.tokens is None:
        return ""
    return f"{manifest.tokens.read / max(manifest.seconds, 0.001):,.0f}"


def _megabytes(manifests: Sequence[Manifest]) -> str:
    return f"{sum(file.bytes for manifest in manifests for file in manifest.files) / 1e6:.1f}"
