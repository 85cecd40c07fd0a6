"""Executors whose Python has no packages: they come with --archives."""

import pytest


@pytest.mark.gate
def test_packages_come_from_the_archive(cluster, runs):
    marks, run = cluster.folder("marks"), runs.before("shards", "archive")
    conf = {"spark.pyspark.python": "./environment/bin/python", "spark.pyspark.driver.python": cluster.python}
    archive = ("--archives", f"{cluster.make_archive()}#environment")
    # PYSPARK_PYTHON, which the machines of these tests have set, would come before the settings.
    job = runs.start(
        run,
        "shards",
        fault=("shards", "tell_python", marks),
        conf=conf,
        options=archive,
        env={"PYSPARK_PYTHON": "./environment/bin/python", "PYSPARK_DRIVER_PYTHON": cluster.python},
    )
    runs.succeed(job)
    executable, numpy = cluster.read(f"{marks}/python").split()
    assert "environment/bin/python" in executable
    assert "environment/lib" in numpy
    runs.assert_as_undisturbed(run)
