"""The estimator of `w2v_core.api.spark` in a program that spark-submit starts on the cluster."""

import json


def test_a_model_is_fitted_saved_and_loaded_on_a_disk_that_all_share(cluster):
    folder = cluster.folder("모델 spark")
    job = cluster.submit("tests/cluster/programs/fit_word2vec.py", folder)
    assert job.wait() == 0, job.output
    (line,) = [line for line in job.output.splitlines() if line.startswith('{"refused"')]
    found = json.loads(line)
    assert "runDir is not set" in found.pop("refused")
    assert found == {"same": True, "words": 17, "wrong": 0, "rows": 300}
    assert cluster.exists(f"{folder}/model/metadata/part-00000")
    assert len({task["host"] for task in cluster.tasks()}) == 2
