"""The metrics of a model's nightly runs, as text for Prometheus' node_exporter (textfile collector).

The format is Prometheus' text exposition format 0.0.4: a HELP and a TYPE line a metric, then `name{labels} value`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from w2v_core.nightly.work import Record

Sample = tuple[dict[str, str], float | None]
Metric = tuple[str, str, str, list[Sample]]
"""name, type, help, and values by their labels"""


def exposition(records: Sequence[Record], model: str, checked_at: datetime) -> str:
    """Return all metrics of one model from `records`, oldest first. Unknown values have no line."""
    checked: list[Sample] = [({"model": model}, checked_at.timestamp())]
    lines: list[str] = []
    for name, kind, description, samples in [
        (
            "w2v_night_last_check_timestamp_seconds",
            "gauge",
            "When a nightly run last looked for new files.",
            checked,
        ),
        *_metrics(records),
    ]:
        known = [(labels, value) for labels, value in samples if value is not None]
        if known:
            lines += [f"# HELP {name} {description}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{_labels(labels)} {value!r}" for labels, value in known]
    return "".join(f"{line}\n" for line in lines)


def _metrics(records: Sequence[Record]) -> Iterator[Metric]:
    if not records:
        return
    last = records[-1]
    model = {"model": last.model}
    ended = [record for record in records if record.outcome != "failed"]
    published = [record for record in records if record.outcome == "published"]

    def one(name: str, description: str, value: float | None) -> Metric:
        return f"w2v_night_{name}", "gauge", description, [(model, value)]

    yield one("last_end_timestamp_seconds", "When the last nightly run ended.", _moment(last))
    yield one(
        "last_success_timestamp_seconds",
        "When the last nightly run ended that published a version.",
        _moment(published[-1]) if published else None,
    )
    yield (
        "w2v_night_last_outcome",
        "gauge",
        "1 for the outcome of the last nightly run.",
        [
            ({**model, "outcome": outcome}, float(last.outcome == outcome))
            for outcome in ("published", "refused", "failed")
        ],
    )
    yield one("duration_seconds", "How long the last nightly run took.", last.seconds)
    yield (
        "w2v_night_stage_seconds",
        "gauge",
        "How long each stage of the last nightly run took.",
        [({**model, "stage": stage}, seconds) for stage, seconds in last.stage_seconds.items()],
    )
    if published:
        number = published[-1].version or ""
        yield (
            "w2v_model_version_info",
            "gauge",
            "The version that the last successful nightly run published.",
            [({**model, "version": number}, 1.0)],
        )
    if not ended:
        return
    successful = ended[-1]
    yield one("input_bytes", "Bytes of the files that the last successful run read.", successful.input_bytes)
    yield one("input_files", "Files that the last successful run read.", successful.files)
    yield one("tokens", "Tokens that the last successful run read.", successful.tokens)
    yield one("words", "Words of its vocabulary.", successful.words)
    yield one("new_words", "Words that it added.", successful.new_words)
    yield one("known_tokens_ratio", "Share of its tokens that had a word before.", successful.known_tokens)
    yield one("held_out_loss", "Its held-out loss, nats a pair.", successful.held_out_loss)
    yield one(
        "neighbor_overlap_ratio", "Neighbours shared with the version before.", successful.neighbor_overlap
    )
    yield (
        "w2v_night_score",
        "gauge",
        "Its score on each set.",
        [({**model, "set": name}, score) for name, score in successful.scores.items()],
    )


def _moment(record: Record) -> float:
    return record.finished_at.timestamp()


def _labels(labels: dict[str, str]) -> str:
    pairs = (f'{key}="{_escaped(value)}"' for key, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
