"""Runs on a real MLflow server over SQLite: what is there is what the run says of itself."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from w2v_core.integrations.mlflow import _reason, log_run
from w2v_core.runs.run_directory import RunDir

EXPERIMENT = "말뭉치 nights"
SECRET = "wJalrXUtnFEMI7MDENG"
NEVER = "http://127.0.0.1:9"  # nobody listens there

needs_client = pytest.mark.skipif(
    importlib.util.find_spec("mlflow") is None, reason="mlflow-skinny is not installed"
)
OWN_PYTHON = Path(__file__).parents[1] / ".venv-mlflow" / "bin" / "python"
"""Where `make mlflow` puts the server, whose bounds are not ours."""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """The URI of a server of this machine's own."""
    if not OWN_PYTHON.exists():
        pytest.skip("MLflow's server is not installed: make mlflow")
    pytest.importorskip("mlflow", reason="mlflow-skinny is not installed")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    store = [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "a"),
    ]
    command = [str(OWN_PYTHON), "-m", "mlflow", "server", *store, "--workers", "1"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"},
            start_new_session=True,
        ) as process,
    ):
        try:
            _until_it_answers(f"{uri}/health", process, folder / "log")
            yield uri
        finally:
            os.killpg(process.pid, 15)


def _until_it_answers(url: str, process: subprocess.Popen, log: Path) -> None:
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(log.read_text())


@pytest.fixture
def scored(make_run, corpus, tmp_path) -> RunDir:
    (tmp_path / "pairs.csv").write_text("king,queen,9\nking,cat,1\nking,mouse,3\n")
    return make_run(corpus, f"evaluate.similarity=['{tmp_path}/pairs.csv']", into="밤")


@pytest.mark.filterwarnings("ignore")
def test_what_the_server_shows_is_what_the_run_says(server, scored):
    from mlflow import MlflowClient

    tags = {"night": "2026-11-27", "where": f"hdfs://user:{SECRET}@host/x"}
    logged = log_run(
        server, EXPERIMENT, scored, {"night.base": "v3"}, {"gate.overlap": 0.75}, tags, required=True
    )
    client = MlflowClient(server)
    found = client.get_run(logged)
    assert found.info.status == "FINISHED"
    assert found.info.run_name == "밤"
    assert client.get_experiment(found.info.experiment_id).name == EXPERIMENT
    for section, stage in (
        ("tokenize", "tokens"),
        ("vocab", "vocab"),
        ("shards", "shards"),
        ("train", "vectors"),
    ):
        for key, value in scored.require(stage).config.items():
            assert found.data.params[f"{section}.{key.rstrip('_')}"] == str(value)
    assert found.data.params["night.base"] == "v3"
    metrics = found.data.metrics
    vocab = scored.require("vocab")
    assert metrics["vocab.words"] == vocab.counters["words"]
    assert metrics["vocab.tokens_read"] == vocab.tokens.read
    assert metrics["vectors.seconds"] == scored.require("vectors").seconds
    assert metrics["gate.overlap"] == 0.75
    scores = json.loads(scored.stage("reports").read("evaluation.json"))["similarity"][0]
    assert metrics["similarity.pairs.csv.spearman"] == scores["spearman"]
    lines = [json.loads(line) for line in scored.stage("vectors").read("metrics.jsonl").splitlines()]
    for name in ("loss", "held_out_loss", "alpha", "rows_per_second"):
        curve = [(point.step, point.value) for point in client.get_metric_history(logged, name)]
        told = [line for line in lines if line["rows"] or name == "held_out_loss"]
        assert curve == [(line["rows"], line[name]) for line in told if line[name] is not None]
    assert found.data.tags["night"] == "2026-11-27"
    assert SECRET not in str(found.to_dictionary())
    page = client.download_artifacts(logged, "report.html")
    assert Path(page).read_bytes() == Path(scored.location, "reports", "report.html").read_bytes()


@pytest.mark.filterwarnings("ignore")
def test_the_command_logs_in_silence_but_for_one_line(server, w2v, scored):
    code, out, err = w2v(
        "--log-format", "json", "track", "--run-dir", scored.location, "--uri", server, "--experiment", "e"
    )
    assert (code, out) == (0, "")
    (line,) = map(json.loads, err.splitlines())
    assert line["event"] == "mlflow_logged"
    again = w2v("track", "--run-dir", scored.location, "--uri", server, "--experiment", "e")
    assert again[0] == 0
    assert again[2].startswith("mlflow: run ")


@needs_client
@pytest.mark.filterwarnings("ignore")
def test_a_server_that_is_away_is_told_and_fails_only_what_requires_it(w2v, monkeypatch, scored):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    command = ["track", "--run-dir", scored.location, "--uri", NEVER]
    code, out, err = w2v(*command)
    assert (code, out) == (0, "")
    assert f"MLflow at {NEVER} did not take the run" in err
    assert "the run itself is whole" in err
    assert err.count("\n") == 1
    code, _, err = w2v(*command, "--required")
    assert code == 2
    assert err.count("\n") == 1


def test_a_long_reason_ends_with_a_whole_word():
    told = _reason(ValueError("one word after another " * 40))
    assert told.endswith(" …")
    assert set(told.split()) == {"one", "word", "after", "another", "…"}
    assert len(told) <= 300
    assert _reason(ValueError("short")) == "short"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"http://user:{SECRET}@host:5000", "holds credentials; leave them out and give MLFLOW_TRACKING_"),
        (f"https://host:5000/?token={SECRET}", "holds credentials; leave them out and give MLFLOW_TRACKING_"),
        ("mlruns", "is no URI"),
    ],
)
def test_a_uri_with_credentials_is_refused(w2v, scored, uri, told):
    code, _, err = w2v("track", "--run-dir", scored.location, "--uri", uri)
    assert code == 2
    assert told in err
    assert SECRET not in err


def test_without_mlflow_one_sentence_says_how_to_get_it(w2v, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    code, _, err = w2v("track", "--run-dir", str(tmp_path / "absent"), "--uri", "http://host:5000")
    assert (code, err) == (
        2,
        "error: MLflow is not installed here; install it with `pip install 'w2v[mlflow]'`\n",
    )
