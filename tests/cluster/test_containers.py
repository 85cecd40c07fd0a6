"""What holds of the containers alone."""

import json

import pytest
from containers import Containers


@pytest.fixture
def containers(cluster) -> Containers:
    if not isinstance(cluster, Containers):
        pytest.skip("the cluster runs as processes; with a Docker engine: make test-cluster CLUSTER=docker")
    return cluster


@pytest.mark.gate
def test_nothing_runs_as_root_or_may_become_it(containers):
    for service in ("spark-master", "spark-worker", "history-server"):
        told = containers.compose(
            "exec", "-T", service, "sh", "-c", "id -u; grep -E 'CapBnd|NoNewPrivs' /proc/1/status"
        )
        assert told.split() == ["1000", "CapBnd:", "0" * 16, "NoNewPrivs:", "1"], service
    for service in ("submit", "trainer"):
        assert containers.compose("run", "--rm", "-T", "--entrypoint", "id", service, "-u") == "1000"


def test_no_project_code_is_in_the_image(containers):
    found = containers.run("sh", "-c", "find / -name 'w2v_core*' -not -path '/proc/*' 2>/dev/null || true")
    assert found == ""


def test_the_history_server_knows_finished_jobs(containers, runs):
    assert runs.expected
    code = (
        "import json, urllib.request\n"
        "url = 'http://history-server:18080/api/v1/applications'\n"
        "print(json.dumps([found['name'] for found in json.load(urllib.request.urlopen(url))]))\n"
    )
    names = json.loads(containers.run("python", "-c", code))
    assert any(name.startswith("w2v undisturbed") for name in names)


def test_the_trainer_goes_on_where_the_cluster_ended(containers, runs):
    run = runs.before("shards", "trained")
    containers.run("cp", "-r", f"{runs.undisturbed}/shards", run)
    settings = ["--set", "train.vector_size=16", "--set", "train.epochs=1"]
    containers.compose("run", "--rm", "-T", "trainer", "train", "--run-dir", run, *settings)
    said = containers.compose(
        "run", "--rm", "-T", "trainer", "neighbors", "--json", "--run-dir", run, "낱말1"
    )
    assert len(json.loads(said.splitlines()[-1])["낱말1"]) == 10
