"""A finished run to an MLflow tracking server: its settings, curves, scores and page. Nothing is pickled.

`mlflow` is imported inside the functions: training, queries and Spark do without it.
"""

import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from w2v_core.errors import UserError, describe_system_error
from w2v_core.io.credentials import is_secret, reject_in_location, without_secrets
from w2v_core.io.events import log_event
from w2v_core.report.facts import RunFacts, read_facts
from w2v_core.runs.artifacts import REPORT_PAGE
from w2v_core.runs.run_directory import RunDir

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_PARAMS, MOST_METRICS = 100, 1000  # of one request, which is what a server takes
LONGEST_PARAM = 500
LONGEST_TAG = 5000
_LONGEST_NAME = 200  # of 250 that a metric's may have
LONGEST_REASON = 300
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Defaults for variables that the environment does not set. MLflow's own timeouts would delay a nightly run by many
minutes, and its log lines would mix with ours."""


def log_run(
    tracking_uri: str,
    experiment: str,
    run: RunDir,
    extra_params: Mapping[str, Any] | None = None,
    extra_metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    *,
    required: bool = False,
) -> str | None:
    """Log `run` as one MLflow run of `experiment`; its id, or None where the server cannot be had, which is told.

    Parameters are the settings of every stage (train.epochs), metrics the curves over rows, the counts and the scores.
    With `required`, a server that cannot be had is a UserError. UserError always for a URI with credentials (MLflow
    takes them from MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD and MLFLOW_TRACKING_TOKEN), where mlflow is not
    installed, and for a run that is not trained.
    """
    reject_tracking(tracking_uri)
    client_class = import_client()
    run.require("vectors")
    facts = read_facts(run)
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    try:
        client = client_class(tracking_uri=tracking_uri)
        logged = _log(client, experiment, run, facts, extra_params or {}, extra_metrics or {}, tags or {})
    except Exception as error:
        message = f"MLflow at {tracking_uri} did not take the run ({_reason(error)})"
        if required:
            raise UserError(f"{message}; check --uri, and that the server is up") from None
        log_event(f"mlflow: {message}; the run itself is whole", "mlflow_failed", "warning")
        return None
    log_event(f"mlflow: run {logged} of {experiment}, at {tracking_uri}", "mlflow_logged", mlflow_run=logged)
    return logged


def reject_tracking(tracking_uri: str, option: str = "--uri") -> None:
    """UserError for a URI with credentials, and for one that is no server's, in the sentence's own words."""
    reject_in_location(
        tracking_uri,
        option,
        "leave them out and give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, in "
        "the environment",
    )
    if "://" not in tracking_uri:
        raise UserError(
            f"{option} = {tracking_uri} is no URI; give that of a server, for example http://HOST:5000"
        )


def import_client() -> "type[MlflowClient]":
    """MLflow's client. UserError where it is not installed."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise UserError("MLflow is not installed here; install it with `pip install 'w2v[mlflow]'`") from None
    return MlflowClient


def _log(
    client: "MlflowClient",
    experiment: str,
    run: RunDir,
    facts: RunFacts,
    extra_params: Mapping[str, Any],
    extra_metrics: Mapping[str, float],
    tags: Mapping[str, str],
) -> str:
    from mlflow.entities import Metric, Param, RunTag

    found = client.get_experiment_by_name(experiment)
    number = found.experiment_id if found else client.create_experiment(experiment)
    started = client.create_run(
        number, run_name=run.name, tags={"w2v.location": without_secrets(run.location)}
    )
    logged: str = started.info.run_id
    try:
        params = [
            Param(key, value[:LONGEST_PARAM])
            for key, value in {**params_of(facts), **_texts(extra_params)}.items()
        ]
        metrics = [Metric(*point) for point in [*points_of(facts), *_last(extra_metrics, facts)]]
        run_tags = [RunTag(key, without_secrets(value)[:LONGEST_TAG]) for key, value in tags.items()]
        client.log_batch(logged, tags=run_tags)
        for batch in _by(params, MOST_PARAMS):
            client.log_batch(logged, params=batch)
        for batch in _by(metrics, MOST_METRICS):
            client.log_batch(logged, metrics=batch)
        _log_page(client, logged, run)
    except BaseException:
        with suppress(Exception):  # the fault in flight is the one to tell
            client.set_terminated(logged, "FAILED")
        raise
    client.set_terminated(logged, "FINISHED")
    return logged


def params_of(facts: RunFacts) -> dict[str, str]:
    """Every setting of every finished stage, as section.key; secrets by their names only."""
    sections = {
        "tokens": "tokenize",
        "phrases": "phrases",
        "vocab": "vocab",
        "shards": "shards",
        "vectors": "train",
        "reports": "evaluate",
    }
    return _texts(
        {
            f"{sections[stage]}.{key.rstrip('_')}": value
            for stage, manifest in facts.manifests.items()
            for key, value in manifest.config.items()
        }
    )


Point = tuple[str, float, int, int]
"""A metric's name, its value, the time in milliseconds, and the step, which is in rows."""


def points_of(facts: RunFacts) -> list[Point]:
    """Curves of the training over rows, and every count, second and score at its end."""
    vectors = facts.manifests["vectors"]
    ended = _milliseconds(vectors.finished_at)
    length = max((line.get("seconds") or 0.0 for line in facts.metrics), default=0.0)
    # Before the first row there is no alpha yet, and no rate.
    trained = [line for line in facts.metrics if line["rows"]]
    curves = [
        (name, float(line[name]), ended - round(1000 * (length - (line.get("seconds") or 0.0))), line["rows"])
        for name in ("loss", "held_out_loss", "alpha", "rows_per_second")
        for line in (facts.metrics if name == "held_out_loss" else trained)
        if line.get(name) is not None and math.isfinite(line[name])
    ]
    last = facts.metrics[-1]["rows"] if facts.metrics else 0
    return [*curves, *((name, value, ended, last) for name, value in numbers_of(facts).items())]


def numbers_of(facts: RunFacts) -> dict[str, float]:
    """What is one number of a run: counts, seconds, bytes, tokens a second, and scores."""
    numbers: dict[str, float] = {}
    for stage, manifest in facts.manifests.items():
        numbers[f"{stage}.seconds"] = manifest.seconds
        numbers[f"{stage}.bytes"] = sum(file.bytes for file in manifest.files)
        numbers |= {f"{stage}.{name}": count for name, count in manifest.counters.items()}
        if account := manifest.tokens:
            parts = {
                "read": account.read,
                "kept": account.kept,
                "out_of_vocabulary": account.out_of_vocabulary,
            }
            parts |= {"subsampled": account.subsampled, **account.dropped}
            numbers |= {f"{stage}.tokens_{name}": count for name, count in parts.items()}
            numbers[f"{stage}.tokens_per_second"] = account.read / max(manifest.seconds, 0.001)
    for kind, score in (("similarity", "spearman"), ("analogies", "accuracy")):
        found = facts.evaluation.get(kind, [])
        names = _names([scores["file"] for scores in found])
        for name, scores in zip(names, found, strict=True):
            if scores.get(score) is not None:
                numbers[f"{kind}.{name}.{score}"] = scores[score]
                numbers[f"{kind}.{name}.covered"] = scores["covered"]
    return {name: float(value) for name, value in numbers.items()}


def _last(extra: Mapping[str, float], facts: RunFacts) -> Iterator[Point]:
    ended = _milliseconds(facts.manifests["vectors"].finished_at)
    for name, value in extra.items():
        yield name, float(value), ended, 0


def _log_page(client: "MlflowClient", logged: str, run: RunDir) -> None:
    data = run.stage("reports").read(REPORT_PAGE)
    if data is None:
        return
    with TemporaryDirectory(prefix="w2v-mlflow-") as work:
        path = Path(work) / REPORT_PAGE
        path.write_bytes(data)
        client.log_artifact(logged, str(path))


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: "…" if is_secret(key, str(value)) and _may_hide(key) else without_secrets(str(value))
        for key, value in values.items()
    }


def _may_hide(key: str) -> bool:
    """Settings of ours are checked when they are read; "token" in their names is a word's."""
    return not key.startswith("tokenize.")


def _names(locations: list[str]) -> list[str]:
    """The names of sets as MLflow takes names; with their folders where two files have one name."""
    names = [_name(location.rstrip("/").rpartition("/")[2]) for location in locations]
    return [
        name if names.count(name) == 1 else _name(location.replace("/", "_"))
        for name, location in zip(names, locations, strict=True)
    ]


def _name(stem: str) -> str:
    stem = stem[-_LONGEST_NAME:]
    return "".join(letter if letter.isalnum() or letter in "_-. " else "_" for letter in stem)


def _milliseconds(moment: str) -> int:
    return round(1000 * datetime.fromisoformat(moment).timestamp())


def _by(items: list[Any], number: int) -> Iterator[list[Any]]:
    for begin in range(0, len(items), number):
        yield items[begin : begin + number]


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return without_secrets(describe_system_error(error))
    message = without_secrets((str(error) or type(error).__name__).splitlines()[0])
    return shorten(message, LONGEST_REASON, placeholder=" …")
