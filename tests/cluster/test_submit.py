"""Jobs by spark-submit, as people give them: two workers take part, and any number of them writes the same."""

import pytest
from runs import STAGES


def hosts(cluster):
    return {task["host"] for task in cluster.tasks()}


@pytest.mark.gate
def test_two_workers_take_tasks_and_import_our_code_from_the_zip(cluster, runs):
    said = cluster.run("sh", "-c", f"{cluster.python} -I -c 'import w2v_core' 2>&1 | tail -n 1")
    assert "No module named 'w2v_core'" in said
    run = runs.undisturbed
    assert len(hosts(cluster)) == 2
    assert all(runs.expected[stage]["manifest"] for stage in STAGES)
    assert len(runs.expected["shards"]["files"]) > 4
    assert not cluster.exists(f"{run}/shards/_temporary")


def test_one_worker_writes_the_same(cluster, runs):
    run = runs.made("one-worker", conf={"spark.cores.max": "1"})
    assert len(hosts(cluster)) == 1
    runs.assert_as_undisturbed(run)


def test_local_mode_writes_the_same(cluster, runs):
    runs.assert_as_undisturbed(runs.made("local", master="local[2]"))


def test_a_second_submit_finds_the_stage_made(runs):
    said = runs.succeed(runs.start(runs.undisturbed, "shards"))
    assert "shards: up to date" in said


@pytest.mark.parametrize(
    ("setting", "told"),
    [("shards.windw=3", "did you mean window?"), ("shards.window=0", "shards.window")],
)
def test_what_people_can_mend_ends_with_2(cluster, runs, setting, told):
    job = cluster.submit("jobs/write_shards.py", "--run-dir", runs.undisturbed, "--set", setting)
    assert job.wait() == 2
    assert told in job.output
    assert "Traceback" not in job.output
