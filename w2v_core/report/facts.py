"""What a run says of itself: its manifests, the curve of its training, and its scores."""

import json
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from typing import Any

from w2v_core import __version__
from w2v_core.config import ReportConfig
from w2v_core.errors import UserError
from w2v_core.runs.artifacts import COMPARISON, EVALUATION, MANIFEST, METRICS, STAGES
from w2v_core.runs.manifest import Manifest
from w2v_core.runs.run_directory import RunDir


@dataclass(frozen=True)
class RunFacts:
    """Everything on the page but the map."""

    name: str
    manifests: dict[str, Manifest]
    """of the finished stages, in the order of the flow"""
    metrics: list[dict[str, Any]]
    evaluation: dict[str, Any]
    """empty where the vectors were not scored"""
    comparison: dict[str, Any]
    """empty where they were not compared with others"""


def read_facts(run: RunDir) -> RunFacts:
    """The facts of a run whose training is finished. UserError for damage."""
    manifests = {name: found for name in STAGES if (found := run.manifest(name))}
    files = {file.name for file in manifests["reports"].files} if "reports" in manifests else set()
    scores, comparison = (_report(run, name) if name in files else {} for name in (EVALUATION, COMPARISON))
    lines = run.read_checked("vectors", METRICS).splitlines()
    metrics = [_parsed(line, f"{run.location}/vectors/{METRICS}", "train") for line in lines]
    return RunFacts(run.name, manifests, metrics, scores, comparison)


def fingerprint(run: RunDir, config: ReportConfig) -> str:
    """SHA-256 of what decides the page: every manifest to the byte, the settings, and its code.

    A manifest holds its files' checksums, so whatever is made again is seen here. The code is that of this package to
    the byte: a page takes seconds, and no revision is forgotten.
    """
    found = sha256(json.dumps([__version__, run.name, config.model_dump(mode="json")]).encode())
    for source in sorted(files("w2v_core.report").iterdir(), key=lambda source: source.name):
        if source.is_file():
            found.update(source.read_bytes())
    for stage in STAGES:
        data = run.stage(stage).read(MANIFEST)
        found.update(b"-" if data is None else sha256(data).digest())
    return found.hexdigest()


def _report(run: RunDir, name: str) -> dict[str, Any]:
    return _parsed(run.read_checked("reports", name), f"{run.location}/reports/{name}", "evaluate")


def _parsed(data: bytes, path: str, command: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UserError(f"{path} is damaged; delete the folder it is in and run `w2v {command}` again")
    return found
