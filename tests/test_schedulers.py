"""What conf/ hands to schedulers says what our commands take and end with. Airflow runs its DAG in test_airflow.py."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from w2v_core.cli.app import app
from w2v_core.config import load_config
from w2v_core.pipeline.nightly import STAGES

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
COMMANDS = typer.main.get_command(app).commands
KUBERNETES = "1.31"


def parsed(command: str, words: list[str]) -> dict[str, Any]:
    """What `w2v COMMAND WORDS…` makes of the words; fails as it does where one is not taken."""
    return COMMANDS[command].make_context(command, list(words)).params


def exit_codes() -> dict[int, str]:
    """Return the meaning of every exit status that docs/run-directory.md lists."""
    page = (ROOT / "docs" / "run-directory.md").read_text(encoding="utf-8")
    section = page.split("## Exit statuses")[1].split("\n## ")[0]
    return {int(code): told for code, told in re.findall(r"^\| (\d+) \| (.*) \|$", section, re.MULTILINE)}


def test_codes_that_no_try_helps_with_are_those_of_the_page():
    told = exit_codes()
    assert {0, 1, 2, 3, 4, 130} <= told.keys()
    assert "fix" in told[2]
    assert "gate" in told[3]
    assert "another process" in told[4]
    assert "interrupted" in told[130]


# ---- Kubernetes


@pytest.fixture
def manifests() -> dict[str, Any]:
    """The manifests by kind and name."""
    text = (CONF / "kubernetes" / "nightly-cronjob.yaml").read_text(encoding="utf-8")
    return {f"{item['kind']} {item['metadata']['name']}": item for item in yaml.safe_load_all(text)}


@pytest.fixture
def job(manifests) -> dict[str, Any]:
    return manifests["CronJob w2v-nightly-news"]["spec"]["jobTemplate"]["spec"]


def test_kubernetes_takes_every_manifest_and_no_wrong_field(manifests):
    for item in manifests.values():
        kubernetes_validate.validate(item, KUBERNETES, strict=True)
    job = manifests["CronJob w2v-nightly-news"]
    for change in ({"concurencyPolicy": "Forbid"}, {"concurrencyPolicy": 1}, {"schedule": None}):
        wrong = deepcopy(job)
        wrong["spec"] |= change
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_the_pod_starts_a_nightly_run_that_w2v_takes(manifests, job):
    (container,) = job["template"]["spec"]["containers"]
    places = manifests["ConfigMap w2v-news-places"]["data"]
    words = [re.sub(r"\$\((\w+)\)", lambda found: places[found[1]], word) for word in container["args"]]
    options = parsed(words[0], words[1:])
    assert options["name"] == "news"
    assert options["work"] == places["W2V_WORK"]
    assert options["input"] == [places["W2V_INPUT"]]
    assert set(places) == {"W2V_STORE", "W2V_WORK", "W2V_INPUT"}


def test_the_pods_settings_are_settings(manifests, tmp_path):
    ((name, text),) = manifests["ConfigMap w2v-news-settings"]["data"].items()
    (tmp_path / name).write_text(text)
    config = load_config(str(tmp_path / name))
    assert (config.train.workers, config.spark.master) == (2, "local[2]")


def test_pods_are_retried_unless_it_would_not_help(manifests, job):
    assert manifests["CronJob w2v-nightly-news"]["spec"]["concurrencyPolicy"] == "Forbid"
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # podFailurePolicy asks for it
    failing, ignoring = job["podFailurePolicy"]["rules"]
    (container,) = job["template"]["spec"]["containers"]
    assert failing["action"] == "FailJob"
    assert failing["onExitCodes"] == {"containerName": container["name"], "operator": "In", "values": [2, 3]}
    assert (ignoring["action"], ignoring["onPodConditions"][0]["type"]) == ("Ignore", "DisruptionTarget")
    # The pause doubles up to six minutes; a pod that is gone holds its lease for one, and one for clocks that differ.
    assert sum(min(10 * 2**turn, 360) for turn in range(job["backoffLimit"])) > 2 * 60


def test_the_pod_has_no_rights_and_writes_where_it_may(job):
    pod = job["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert not pod["automountServiceAccountToken"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert set(mounts.values()) == set(volumes)
    assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"
    writable = {path for path, name in mounts.items() if "configMap" not in volumes[name]}
    assert writable == {"/data", "/scratch", "/tmp", "/dev/shm"}
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert {container["workingDir"], variables["HOME"], variables["SPARK_LOCAL_DIRS"]} <= writable


# ---- systemd


def unit(name: str) -> dict[str, list[str]]:
    """Key to values, in order, of all sections together."""
    text = (CONF / "systemd" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def test_the_unit_starts_a_nightly_run_that_w2v_takes():
    service = unit("w2v-nightly@.service")
    variables = dict(value.split("=", 1) for line in service["Environment"] for value in line.split())
    example = dict(
        line.split("=", 1)
        for line in (CONF / "systemd" / "w2v-nightly.env").read_text().splitlines()
        if line and not line.startswith("#")
    )
    words = service["ExecStart"][0].replace("%i", "news")
    for name, value in (variables | example).items():
        words = words.replace(f"${{{name}}}", value.replace("%i", "news")).replace(f"${name}", value)
    program, command, *options = words.split()
    assert program.endswith("/.venv/bin/w2v")
    told = parsed(command, options)
    assert (told["name"], told["config"]) == ("news", "/etc/w2v/news.toml")
    assert told["work"] == "/var/lib/w2v/nights/news"
    assert told["input"] == [example["W2V_INPUT"]] or told["more_inputs"] == [example["W2V_INPUT"]]
    assert "$" not in words


def test_the_unit_knows_our_exit_codes():
    service = unit("w2v-nightly@.service")
    assert service["SuccessExitStatus"] == ["4 130"]
    assert service["RestartPreventExitStatus"] == ["2 3"]
    assert service["Restart"] == ["on-failure"]
    assert service["KillMode"] == ["mixed"]


@pytest.fixture
def verify(tmp_path):
    """What systemd-analyze has against our units, changed by `replace`: text to text."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze here; on Debian and Ubuntu it comes with the package systemd")

    def run(replace: dict[str, str]) -> str:
        # It looks whether the program is there.
        replace = {"/opt/w2v/.venv/bin/w2v": sys.executable} | replace
        for path in (CONF / "systemd").glob("w2v-nightly@.*"):
            text = path.read_text(encoding="utf-8")
            for old, new in replace.items():
                text = text.replace(old, new)
            (tmp_path / path.name).write_text(text, encoding="utf-8")
        units = [str(tmp_path / f"w2v-nightly@news.{kind}") for kind in ("service", "timer")]
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    return run


def test_systemd_takes_the_units_and_no_wrong_field(verify):
    assert verify({}) == ""
    assert "'ProtectSytem'" in verify({"ProtectSystem": "ProtectSytem"})
    assert "calendar" in verify({"OnCalendar=*-*-* 02:00:00": "OnCalendar=nightly at two"})
    assert "ignoring: interrupted" in verify({"SuccessExitStatus=4 130": "SuccessExitStatus=4 interrupted"})


# ---- Compose


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))


def test_compose_starts_nightly_runs_that_w2v_takes(compose):
    service = compose["services"]["nightly"]
    assert service["profiles"] == ["scheduler"]
    options = parsed("nightly", service["command"])
    assert options["work"].startswith("/data/")
    for name in ("nights.toml", "scheduler_demo.toml"):
        config = load_config(str(CONF / "docker" / name))
        assert (config.train.workers, config.spark.master) == (1, "local[1]")
    assert options["config"] == "conf/docker/nights.toml"
    assert service["entrypoint"][-1] == "conf/docker/nights.sh"


@pytest.fixture
def scheduler(tmp_path) -> Iterator[subprocess.Popen[str]]:
    """nights.sh with a `python` that notes its arguments and then waits, for a second night until it is told to end."""
    fake = tmp_path / "bin" / "python"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/nights\n'
        f"[ $(wc -l < {tmp_path}/nights) -ge 2 ] || exit 3\n"
        f"trap 'sleep 1; echo saved >> {tmp_path}/nights; exit 130' TERM\n"
        "while :; do sleep 0.1; done\n"
    )
    fake.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{fake.parent}{os.pathsep}{os.environ['PATH']}",
        "W2V_EVERY_SECONDS": "1",
    }
    command = ["sh", str(CONF / "docker" / "nights.sh"), "--store", "a b", "--name", "news"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def test_nightly_runs_follow_each_other_and_a_stop_waits_for_the_checkpoint(scheduler, tmp_path):
    noted = tmp_path / "nights"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (not noted.exists() or noted.read_text().count("\n") < 2):
        time.sleep(0.05)
    time.sleep(0.3)  # for the trap to be set
    scheduler.send_signal(signal.SIGTERM)
    assert scheduler.wait(timeout=30) == 0
    assert noted.read_text().splitlines() == ["dist/w2v.zip nightly --store a b --name news"] * 2 + ["saved"]
    assert scheduler.stderr is not None
    assert scheduler.stderr.read() == "nights: ended with exit code 3; again in 1 seconds\nnights: stopped\n"


# ---- Airflow


@pytest.fixture(scope="module")
def dag() -> ast.Module:
    return ast.parse((CONF / "airflow" / "w2v_nightly.py").read_text(encoding="utf-8"))


def function(tree: ast.Module, name: str) -> ast.FunctionDef:
    (found,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    return found


def options_in(node: ast.AST) -> set[str]:
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"--[a-z-]+", text)}


def known(command: str) -> set[str]:
    return {option for parameter in COMMANDS[command].params for option in parameter.opts}


def test_the_dag_gives_commands_the_options_they_have(dag):
    assert options_in(function(dag, "nightly")) == {
        "--store", "--name", "--work", "--only", "--owner", "--json", "--config", "--metrics-file", "--set",
    }  # fmt: skip
    assert options_in(function(dag, "nightly")) | options_in(function(dag, "begin")) <= known("nightly")
    assert options_in(function(dag, "evaluate")) == {"--against"} <= known("evaluate")
    dag_of_model = function(dag, "_nights")
    of_stages = (
        options_in(dag_of_model) - options_in(function(dag, "begin")) - options_in(function(dag, "evaluate"))
    )
    assert of_stages == {"--run-dir", "--config", "--input-list"} <= known("tokenize")
    for command in ("phrases", "vocab", "shards", "train", "evaluate", "report"):
        assert {"--run-dir", "--config"} <= known(command)


def test_the_dag_has_a_task_for_every_stage_of_a_nightly_run_and_its_script(dag):
    calls = [node for node in ast.walk(dag) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    spark = [[part.value for part in call.args[:2]] for call in calls if call.func.id == "spark"]
    for stage, job in spark:
        assert f"run_script({stage})" in (ROOT / "jobs" / f"{job}.py").read_text(encoding="utf-8")
    ours = {node.name for node in ast.walk(dag) if isinstance(node, ast.FunctionDef)} & set(STAGES)
    assert {stage for stage, _ in spark} | ours == set(STAGES)
    assert len(spark) + len(ours) == len(STAGES)


def test_the_dag_imports_nothing_of_ours_and_documents_every_setting(dag):
    imported = {node.module for node in ast.walk(dag) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(dag) if isinstance(node, ast.Import) for name in node.names}
    assert not {name for name in imported if name and name.split(".")[0] in {"jobs", "w2v_core"}}
    values = {
        node.target.id if isinstance(node, ast.AnnAssign) else node.targets[0].id: node.value
        for node in dag.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    }
    settings = [*ast.literal_eval(values["REQUIRED"]), *ast.literal_eval(values["DEFAULTS"])]
    assert re.findall(r"^\| `(\w+)` \|", ast.get_docstring(dag) or "", re.MULTILINE) == settings
    assert "gate" in exit_codes()[ast.literal_eval(values["REFUSED"])]
