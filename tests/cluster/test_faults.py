"""What survives: after each fault the output is an undisturbed run's, or the job fails and nothing looks finished."""

import pytest


@pytest.fixture
def marks(cluster):
    return cluster.folder("marks")


@pytest.fixture(autouse=True)
def healed(cluster):
    yield
    cluster.heal()


@pytest.mark.parametrize("stage", ["tokens", pytest.param("shards", marks=pytest.mark.gate)])
def test_a_worker_killed_in_the_middle(cluster, runs, marks, stage):
    run = runs.before(stage, f"worker-killed-{stage}")
    job = runs.start(run, stage, fault=(stage, "wait", marks))
    cluster.kill_worker(runs.mark(marks, "waiting", job))
    runs.succeed(job)
    runs.assert_as_undisturbed(run, stage)


def test_an_executor_killed_as_by_a_kernel_out_of_memory(cluster, runs, marks):
    run = runs.before("shards", "executor-killed")
    runs.succeed(runs.start(run, "shards", fault=("shards", "kill_executor", marks)))
    assert "ExecutorLostFailure" in {task["reason"] for task in cluster.tasks()}
    runs.assert_as_undisturbed(run)


def test_python_workers_out_of_memory(runs, marks):
    run = runs.before("shards", "out-of-memory")
    limit = {"spark.executor.pyspark.memory": "800m"}
    job = runs.start(run, "shards", fault=("shards", "eat_memory", marks), conf=limit)
    assert job.wait() == 2, job.output
    assert "spark.executor.pyspark.memory" in job.output
    assert "Traceback" not in job.output
    runs.assert_nothing_looks_finished(run, "shards")
    runs.succeed(runs.start(run, "shards", conf=limit))
    runs.assert_as_undisturbed(run)


@pytest.mark.parametrize("stage", ["tokens", pytest.param("shards", marks=pytest.mark.gate)])
def test_the_driver_killed(runs, marks, stage):
    run = runs.before(stage, f"driver-killed-{stage}")
    job = runs.start(run, stage, fault=(stage, "wait", marks))
    runs.mark(marks, "waiting", job)
    job.kill()
    assert job.wait() != 0
    runs.assert_nothing_looks_finished(run, stage)
    said = runs.succeed(runs.start(run, "tokens"))
    assert ("tokens: up to date" in said) == (stage == "shards")
    runs.succeed(runs.start(run, stage))
    runs.assert_as_undisturbed(run, stage)


def test_a_task_that_fails_twice_and_then_passes(cluster, runs, marks):
    run = runs.before("shards", "fails-twice")
    runs.succeed(runs.start(run, "shards", fault=("shards", "fail_twice", marks)))
    assert sum(task["reason"] == "ExceptionFailure" for task in cluster.tasks()) == 2
    runs.assert_as_undisturbed(run)


def test_a_straggler_with_speculation(cluster, runs, marks):
    run = runs.before("shards", "straggler")
    speculation = {
        "spark.speculation": "true",
        "spark.speculation.interval": "100ms",
        "spark.speculation.quantile": "0.5",
        "spark.speculation.multiplier": "1.5",
    }
    runs.succeed(runs.start(run, "shards", fault=("shards", "wait", marks), conf=speculation))
    assert any(task["speculative"] for task in cluster.tasks())
    runs.assert_as_undisturbed(run)


def test_a_full_disk_under_one_worker(cluster, runs, marks):
    if not getattr(cluster, "has_disks", True):
        pytest.skip("a disk of a worker's own takes root: run as root, or with --cluster docker")
    run = runs.before("shards", "disk-full")
    job = runs.start(run, "shards", fault=("encode", "wait", marks))
    worker = runs.mark(marks, "waiting", job)
    cluster.fill_disk(worker)
    cluster.write(f"{marks}/go", "")
    runs.succeed(job)
    cluster.empty_disk(worker)
    assert {task["reason"] for task in cluster.tasks()} > {"Success"}
    runs.assert_as_undisturbed(run)
