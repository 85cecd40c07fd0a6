"""The command `w2v verify`: compare a run with its manifests."""

from dataclasses import asdict

from w2v_core.cli.options import JsonOption, RunDirOption, print_json
from w2v_core.errors import UserError
from w2v_core.io.events import log_event
from w2v_core.pipeline.verify import Verified
from w2v_core.pipeline.verify import verify as verified_stages
from w2v_core.runs.model_reference import resolved
from w2v_core.runs.run_directory import RunDir


def verify(run_dir: RunDirOption, json: JsonOption = False) -> None:
    """Read every finished stage again: checksums, row counts, token accounts, and the digest of the shards' rows."""
    run = RunDir.open(resolved(run_dir))
    found = []
    for stage in verified_stages(run):
        found.append(stage)
        for line in _lines_of(stage):
            log_event(line)
    if not found:
        raise UserError(f"{run_dir} has no finished stage yet")
    if json:
        print_json([asdict(stage) for stage in found])
    wrong = [stage.stage for stage in found if stage.problems]
    if wrong:
        raise UserError(f"{run_dir} differs from its manifests: {', '.join(wrong)}")


def _lines_of(stage: Verified) -> list[str]:
    if stage.problems:
        return [f"{stage.stage}: {problem}" for problem in stage.problems]
    digest = f"; rows digest {stage.digest}" if stage.digest else ""
    return [f"{stage.stage}: whole; files {stage.files:,}; {stage.bytes / 1e6:.1f} MB{digest}"]
