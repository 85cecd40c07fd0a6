"""# A night of word vectors, a task a stage

`w2v nightly` trains on what arrived since the current version and publishes the result if it passes the gate. Here its
beginning and its end are tasks, and so is each stage between them: Spark's by spark-submit, where the connection
`spark_default` says; training, evaluation and report on the worker. Needs Airflow 3 and the provider apache-spark.

**Settings** are a Variable of the DAG's name, in JSON. `store`, `name`, `work` and `input` (a list) have to be there:

| key | default | |
|---|---|---|
| `store` | | where models live: a folder or a URI |
| `name` | | the model's name in it |
| `work` | | where this model's nights work; workers and executors reach it under one name |
| `input` | | files, folders and globs to look for new text in |
| `config` | none | settings in TOML, as `--config` |
| `set` | `[]` | settings over those, as `--set`: `["train.epochs=3"]` |
| `metrics_file` | none | where Prometheus' textfile collector looks |
| `home` | `/opt/w2v` | a checkout after `make install package`: jobs/, conf/, dist/w2v.zip, .venv/ |
| `w2v` | `HOME/.venv/bin/w2v` | the command on workers |
| `python` | `HOME/.venv/bin/python` | of Spark's driver |
| `executor_python` | as `python` | of Spark's executors |
| `spark_properties` | `HOME/conf/spark-defaults.conf` | for `--properties-file` |

The schedule is read where the file is parsed: `W2V_SCHEDULE` in the environment of the DAG processor, a cron line, by
default `0 2 * * *`; empty for none. A copy of this file under another name is another DAG, with a Variable of its own:
one for each model.

**Exit codes.** Where nothing is new, `begin` skips all the rest. Where the gate refuses (3), the task fails at once,
and current stays. All other failures are tried again; stages that are finished are not made again, and training goes
on from its checkpoint. A run that failed for good is taken up by the next one, or by clearing the failed task.
"""

import json
import logging
import os
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Param, TriggerRule, Variable, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

DAG_ID = Path(__file__).stem
SCHEDULE = os.environ.get("W2V_SCHEDULE", "0 2 * * *") or None
OWNER = f"airflow {DAG_ID}"
"""Who holds the night. Not the run's id: a run that failed for good would hold it against the next one, and
max_active_runs keeps two runs apart."""

REQUIRED = ("store", "name", "work", "input")
DEFAULTS: dict[str, Any] = {
    "config": None,
    "set": [],
    "metrics_file": None,
    "home": "/opt/w2v",
    "w2v": None,
    "python": None,
    "executor_python": None,
    "spark_properties": None,
}
REFUSED = 3

log = logging.getLogger(__name__)


def settings() -> SimpleNamespace:
    """The Variable over the defaults. A setting that is missing or not known fails the task, and no try helps."""
    given = Variable.get(DAG_ID, default={}, deserialize_json=True)
    if missing := [key for key in REQUIRED if not given.get(key)]:
        raise AirflowFailException(f"the Variable {DAG_ID} needs {missing[0]}; see the DAG's documentation")
    if unknown := given.keys() - {*REQUIRED, *DEFAULTS}:
        raise AirflowFailException(
            f"the Variable {DAG_ID} has {min(unknown)}, which is not known; choose among "
            f"{', '.join((*REQUIRED, *DEFAULTS))}"
        )
    merged = SimpleNamespace(**DEFAULTS | given)
    merged.w2v = merged.w2v or f"{merged.home}/.venv/bin/w2v"
    merged.python = merged.python or f"{merged.home}/.venv/bin/python"
    merged.executor_python = merged.executor_python or merged.python
    merged.spark_properties = merged.spark_properties or f"{merged.home}/conf/spark-defaults.conf"
    return merged


def w2v(*arguments: str) -> str:
    """The standard output of `w2v ARGUMENTS…`; what it tells people goes to the task's log.

    Where the task is stopped, so is the command: training then saves a checkpoint.
    """
    command = [settings().w2v, *arguments]
    log.info("running %s", command)
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as out,
        subprocess.Popen(
            command, stdout=out, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        ) as process,
    ):
        assert process.stderr is not None
        get_current_context()["task"].on_kill = process.terminate
        told = ""
        try:
            for line in process.stderr:
                told = line.rstrip()
                log.info("%s", told)
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
        if code == REFUSED:
            raise AirflowFailException(told.removeprefix("error: "))
        if code:
            raise AirflowException(f"w2v {arguments[0]} ended with exit code {code}: {told}")
        out.seek(0)
        return out.read()


def nightly(step: str, *arguments: str) -> dict[str, Any]:
    """What `w2v nightly --only STEP` tells as JSON."""
    given, params = settings(), get_current_context()["params"]
    words = ["--store", given.store, "--name", given.name, "--work", given.work]
    words += ["--only", step, "--owner", OWNER, "--json"]
    for option, value in (("--config", given.config), ("--metrics-file", given.metrics_file)):
        words += [option, value] if value else []
    for setting in (*given.set, *params["set"]):
        words += ["--set", setting]
    told: dict[str, Any] = json.loads(w2v("nightly", *words, *arguments))
    return told


def skip_unless_asked(context: Any) -> None:
    """Skip the task where the night's settings do not ask for its stage."""
    asked = context["ti"].xcom_pull(task_ids="begin")["stages"]
    if (stage := context["ti"].task_id) not in asked:
        raise AirflowSkipException(f"the settings ask for no {stage}")


def spark(stage: str, job: str, arguments: list[Any], **options: Any) -> SparkSubmitOperator:
    """A stage on Spark, with the arguments of docs/cluster.md."""
    return SparkSubmitOperator(
        task_id=stage,
        name=f"w2v {DAG_ID} {stage}",
        application=f"{{{{ settings().home }}}}/jobs/{job}.py",
        py_files="{{ settings().home }}/dist/w2v.zip",
        properties_file="{{ settings().spark_properties }}",
        conf={
            "spark.pyspark.driver.python": "{{ settings().python }}",
            "spark.pyspark.python": "{{ settings().executor_python }}",
        },
        application_args=arguments,
        **options,
    )


@dag(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    params={
        "fresh": Param(False, type="boolean", description="drop a night that is unfinished, and begin anew"),
        "set": Param([], type="array", items={"type": "string"}, description="more settings, as --set"),
    },
    user_defined_macros={"settings": settings},
    doc_md=__doc__,
    tags=["w2v"],
)
def _nights() -> None:
    @task.short_circuit
    def begin() -> dict[str, Any]:
        """Take the night, find what is new, write the settings of the stages. Nothing new: all the rest is skipped."""
        inputs = [word for location in settings().input for word in ("--input", location)]
        told = nightly("begin", *inputs, *(["--fresh"] if get_current_context()["params"]["fresh"] else []))
        return {} if told["nothing_to_do"] else told

    @task
    def train(run: list[str]) -> None:
        """Shards to vectors, on this worker."""
        w2v("train", *run)

    @task(pre_execute=skip_unless_asked)
    def evaluate(run: list[str], against: str | None) -> None:
        """Scores, and what differs from the version that the night started from."""
        w2v("evaluate", *run, *(["--against", against] if against else []))

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def report(run: list[str]) -> None:
        """The page about the run, which the version keeps."""
        w2v("report", *run)

    @task
    def finish() -> dict[str, Any]:
        """The gate, the version, the record. Fails for good where the gate refuses."""
        return nightly("finish")

    begun = begin()
    run = ["--run-dir", begun["run_dir"], "--config", begun["config"]]
    (
        begun
        >> spark("tokenize", "tokenize_corpus", [*run, "--input-list", begun["inputs"]])
        >> spark("phrases", "join_phrases", run, pre_execute=skip_unless_asked)
        >> spark("vocab", "build_vocab", run, trigger_rule=TriggerRule.NONE_FAILED)
        >> spark("shards", "write_shards", run)
        >> train(run)
        >> evaluate(run, begun["against"])
        >> report(run)
        >> finish()
    )


_nights()
