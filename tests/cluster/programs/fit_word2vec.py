"""Fit, save and load a model with `w2v_core.api.spark`, as a user's program: fit_word2vec.py FOLDER.

It prints one JSON object. FOLDER is on a disk that the driver and all executors share.
"""

import json
import sys

from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import LogisticRegression
from pyspark.sql import SparkSession

from w2v_core.api.spark import Word2Vec, Word2VecModel
from w2v_core.errors import UserError

LINES = ["the king rules the old land", "a cat and a dog chase the mouse", "서울 은 한국 의 수도 이다"] * 100


def main(folder: str) -> None:
    spark = SparkSession.builder.appName("fit_word2vec").getOrCreate()
    rows = [(line.split(), float(line.isascii())) for line in LINES]
    frame = spark.createDataFrame(rows, "words array<string>, label double").repartition(4).cache()
    word2vec = Word2Vec(vectorSize=8, workers=1, inputCol="words", outputCol="features")
    try:
        word2vec.fit(frame)
        refused = ""
    except UserError as error:
        refused = str(error)
    model = word2vec.setRunDir(f"{folder}/runs").fit(frame)
    model.save(f"{folder}/model")
    loaded = Word2VecModel.load(f"{folder}/model")
    pipeline = Pipeline(stages=[word2vec, LogisticRegression(maxIter=3)]).fit(frame)
    pipeline.save(f"{folder}/pipeline")
    again = PipelineModel.load(f"{folder}/pipeline").transform(frame)
    found = {
        "refused": refused,
        "same": loaded.transform(frame).collect() == model.transform(frame).collect(),
        "words": loaded.getVectors().count(),
        "wrong": again.where("prediction != label").count(),
        "rows": again.count(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
