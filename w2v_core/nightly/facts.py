"""Read what a nightly run's manifests and reports say, for the gate and for the record."""

import json
from typing import Any

from w2v_core.nightly.gate import GateFacts
from w2v_core.runs.artifacts import COMPARISON, EVALUATION, METRICS, STAGES
from w2v_core.runs.run_directory import RunDir


def gate_facts(run: RunDir, *, has_current: bool) -> GateFacts:
    """Return what the gate checks of the finished `run`."""
    before, after = _held_out_losses(run)
    known, new, words = _churn(run)
    comparison = _json(run, COMPARISON)
    return GateFacts(
        scores=scores_of(run),
        drops={item["file"]: drop for item in _items(comparison) if (drop := _drop(item)) is not None},
        held_out_loss=after,
        loss_rise=None if before is None or after is None else after - before,
        known_tokens=known,
        new_words=None if new is None or words is None else new / max(words - new, 1),
        neighbor_overlap=comparison.get("neighbors", {}).get("overlap"),
        has_current=has_current,
    )


def recorded(run: RunDir) -> dict[str, Any]:
    """Return the fields of the record that the run directory holds so far."""
    before, after = _held_out_losses(run)
    known, new, words = _churn(run)
    manifests = {stage: run.manifest(stage) for stage in STAGES}
    tokens = manifests["tokens"]
    return {
        "tokens": tokens.tokens.read if tokens and tokens.tokens else None,
        "words": words,
        "new_words": new,
        "known_tokens": known,
        "held_out_loss": after,
        "loss_before": before,
        "neighbor_overlap": _json(run, COMPARISON).get("neighbors", {}).get("overlap"),
        "scores": scores_of(run),
        "stage_seconds": {stage: manifest.seconds for stage, manifest in manifests.items() if manifest},
    }


def scores_of(run: RunDir) -> dict[str, float | None]:
    """The score of every set by the name it was asked for by."""
    return {
        item["file"]: item.get("spearman", item.get("accuracy")) for item in _items(_json(run, EVALUATION))
    }


def _items(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [*report.get("similarity", ()), *report.get("analogies", ())]


def _drop(item: dict[str, Any]) -> tuple[float, tuple[float, float]] | None:
    """Current's score minus ours, with its interval; None where either is not defined."""
    if item["difference"] is None:
        return None
    low, high = item["interval"] or (item["difference"],) * 2
    return -item["difference"], (-high, -low)


def _churn(run: RunDir) -> tuple[float | None, int | None, int | None]:
    """Share of the tokens that had a word before, words added, words there are."""
    manifest = run.manifest("vocab")
    if manifest is None:
        return None, None, None
    counters, account = manifest.counters, manifest.tokens
    known = counters.get("tokens_known_before")
    known_fraction = known / account.read if known is not None and account and account.read else None
    return known_fraction, counters.get("new_words"), counters.get("words")


def _held_out_losses(run: RunDir) -> tuple[float | None, float | None]:
    """Before the first row, and at the end."""
    text = (run.stage("vectors").read(METRICS) or b"").splitlines()
    lines = [json.loads(line) for line in text]
    if not lines:
        return None, None
    before = lines[0]["held_out_loss"] if lines[0]["rows"] == 0 else None
    return before, lines[-1]["held_out_loss"]


def _json(run: RunDir, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run.stage("reports").read(name) or b"{}")
    return document
