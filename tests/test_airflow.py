"""The DAG in conf/airflow, run by Airflow itself: a database in a file, and our commands as its tasks.

Airflow pins half of what we use, so it lives in an environment of its own, which `make airflow` makes.
"""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
AIRFLOW = ROOT / ".venv-airflow" / "bin" / "airflow"
DAG = "w2v_nightly"
ALL = ["begin", "tokenize", "phrases", "vocab", "shards", "train", "evaluate", "report", "finish"]

pytestmark = pytest.mark.skipif(not AIRFLOW.exists(), reason="no Airflow here; make airflow installs it")


@dataclass
class Airflow:
    """An Airflow that knows our DAG, on a metadata database of its own."""

    home: Path
    variable: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        ours = Path(sys.executable).parent
        return os.environ | {
            "PATH": f"{ours}{os.pathsep}{os.environ['PATH']}",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "conf" / "airflow"),
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
            f"AIRFLOW_VAR_{DAG.upper()}": json.dumps(self.variable),
        }

    def call(self, *words: str) -> str:
        """What `airflow WORDS…` prints, whether it succeeds or not."""
        done = subprocess.run(
            [str(AIRFLOW), *words],
            env=self.environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=900,
        )
        return done.stdout

    def run(self, **conf: Any) -> tuple[dict[str, str], str]:
        """Run the DAG now: the state of every task, and the log."""
        log = self.call("dags", "test", DAG, "--conf", json.dumps(conf))
        tasks = self.tasks()
        assert [task for task, *_ in tasks] == ALL, log
        return {task: state for task, state, _ in tasks}, log

    def tasks(self) -> list[tuple[str, str, float]]:
        """Of the last run: each task in the DAG's order, its state, and the seconds it took."""
        with sqlite3.connect(self.home / "airflow.db") as database:
            rows = database.execute(
                "select task_id, state, duration from task_instance where run_id = "
                "(select run_id from dag_run order by id desc limit 1)"
            ).fetchall()
        database.close()
        return sorted(rows, key=lambda row: ALL.index(row[0]))


@pytest.fixture(scope="module")
def airflow(tmp_path_factory) -> Airflow:
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "arriving").mkdir()
    (folder / "pairs.csv").write_text("a,b,score\nking,queen,9\nking,cat,1\ncat,dog,8\nmouse,land,2\n")
    (folder / "settings.toml").write_text(
        "[vocab]\nmin_count = 2\nsample = 0.05\n[shards]\nwindow = 2\n"
        "[train]\nvector_size = 8\nepochs = 2\nworkers = 1\n"
        f'[evaluate]\nsimilarity = ["{folder}/pairs.csv"]\n'
        "[gate]\nmax_drop = 2.0\nmin_neighbor_overlap = 0.0\nmax_loss_rise = 9.0\n"
    )
    home = folder / "home"
    home.mkdir()
    variable = {
        "store": str(folder / "store"),
        "name": "news",
        "work": str(folder / "work"),
        "input": [str(folder / "arriving")],
        "config": str(folder / "settings.toml"),
        "metrics_file": str(folder / "metrics" / "w2v.prom"),
        "home": str(ROOT),
        "w2v": str(Path(sys.executable).with_name("w2v")),
        "python": sys.executable,
    }
    found = Airflow(home, variable)
    found.call("db", "migrate")
    return found


def arrives(airflow: Airflow, name: str, text: str) -> None:
    Path(airflow.variable["input"][0], name).write_text(text, encoding="utf-8")


def current(airflow: Airflow) -> str:
    return Path(airflow.variable["store"], "news", "current").read_text()


def test_a_nightly_run_succeeds_is_idle_and_is_rejected(airflow, corpus):
    subprocess.run(["make", "package"], cwd=ROOT, check=True, capture_output=True)
    arrives(airflow, "monday.txt", (corpus / "a.txt").read_text(encoding="utf-8"))
    states, log = airflow.run()
    assert states == dict.fromkeys(ALL, "success") | {"phrases": "skipped"}, log
    assert "v1 is current" in log
    assert "w2v_night_tokens" in Path(airflow.variable["metrics_file"]).read_text()
    first = current(airflow)

    # The same files again.
    states, log = airflow.run()
    assert states == dict.fromkeys(ALL, "skipped") | {"begin": "success"}, log
    assert "nothing is new since v1" in log

    # New text, phrases in it, and a bound that it cannot keep.
    arrives(airflow, "tuesday.txt", (corpus / "나.txt").read_text(encoding="utf-8"))
    states, log = airflow.run(set=["phrases.passes=1", "gate.max_heldout_loss=0.001"])
    assert states == dict.fromkeys(ALL, "success") | {"finish": "failed"}, log
    assert "the gate refused" in log
    assert "up_for_retry" not in log.lower()
    assert f"--against', '{airflow.variable['store']}/news/v1" in log
    assert current(airflow) == first


def test_a_setting_that_is_not_known_fails_at_once(airflow):
    misspelt = Airflow(airflow.home, airflow.variable | {"worc": "x"})
    states, log = misspelt.run()
    assert states["begin"] == "failed"
    assert "has worc, which is not known; choose among store, name, work, input, config" in log
    assert "up_for_retry" not in log.lower()


def in_airflow(airflow: Airflow, code: str, **variables: str) -> str:
    """What Airflow's Python prints last when it runs `code`."""
    done = subprocess.run(
        [str(AIRFLOW.with_name("python")), "-c", code],
        env=airflow.environment | variables,
        cwd=airflow.home,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_task_that_is_stopped_stops_its_command(airflow, tmp_path):
    command = tmp_path / "w2v"
    command.write_text(
        f"#!/bin/sh\ntrap 'echo saved > {tmp_path}/saved; echo interrupted >&2; exit 130' TERM\n"
        "echo begun >&2\nwhile :; do sleep 0.1; done\n"
    )
    command.chmod(0o755)
    code = (
        "import sys, threading, time, types\n"
        f"sys.path.insert(0, {str(ROOT / 'conf' / 'airflow')!r})\n"
        f"import {DAG} as dag\n"
        "task = types.SimpleNamespace(on_kill=None)\n"
        "dag.get_current_context = lambda: {'task': task}\n"
        f"dag.settings = lambda: types.SimpleNamespace(w2v={str(command)!r})\n"
        "begun = threading.Event()\n"
        "dag.log = types.SimpleNamespace(info=lambda *told: begun.set() if told[-1] == 'begun' else None)\n"
        "threading.Thread(target=lambda: (begun.wait(), task.on_kill())).start()\n"
        "try:\n    dag.w2v('train')\n"
        "except dag.AirflowException as error:\n    print(type(error).__name__, error)\n"
    )
    assert in_airflow(airflow, code) == "AirflowException w2v train ended with exit code 130: interrupted"
    assert (tmp_path / "saved").exists()


def test_the_dag_is_as_its_page_says(airflow):
    code = (
        "import json; from airflow.dag_processing.dagbag import DagBag\n"
        f"bag = DagBag({str(ROOT / 'conf' / 'airflow')!r})\n"
        "assert not bag.import_errors, bag.import_errors\n"
        f"dag = bag.dags[{DAG!r}]\n"
        "retries = {task.task_id: [task.retries, task.retry_delay.total_seconds()] for task in dag.tasks}\n"
        "print(json.dumps([dag.catchup, dag.max_active_runs, str(dag.schedule), retries]))"
    )
    told = in_airflow(airflow, code, W2V_SCHEDULE="30 1 * * *")
    catchup, runs, schedule, retries = json.loads(told)
    assert (catchup, runs, schedule) == (False, 1, "30 1 * * *")
    assert retries == {task: [2, 300.0] for task in ALL}
