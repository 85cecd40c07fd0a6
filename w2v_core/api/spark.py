"""word2vec as an Estimator and a Model of `pyspark.ml`, with the names of MLlib's `Word2Vec`.

Tokens, vocabulary and shards are made by Spark's executors. Training runs in threads of the driver.

    from w2v_core.api.spark import Word2Vec      # in place of pyspark.ml.feature

docs/from-mllib.md lists what differs from MLlib.
"""

from functools import cached_property
from typing import Any

try:
    from pyspark import keyword_only
    from pyspark.ml import Estimator, Model
    from pyspark.ml.functions import array_to_vector
    from pyspark.ml.linalg import Vector
    from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable, MLReadable, MLWritable
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import ArrayType, DoubleType, StringType, StructField, StructType
except ImportError:
    raise ImportError(
        "w2v_core.api.spark needs pyspark, which is not installed here. Install it with pip install 'w2v[spark]'."
    ) from None

import numpy as np

from w2v_core.api.spark_documents import TrainedRun, embed_rows, num_word_parts, word_rows
from w2v_core.api.spark_fit import column_type, fit_run, frame_column, input_column
from w2v_core.api.spark_params import Word2VecParams
from w2v_core.api.spark_storage import ModelReader, ModelWriter
from w2v_core.errors import UserError
from w2v_core.vectors.word_vectors import WordVectors

__all__ = ["Word2Vec", "Word2VecModel"]

_VECTOR = ArrayType(DoubleType(), containsNull=False)


class Word2Vec(
    Estimator["Word2VecModel"], Word2VecParams, DefaultParamsReadable["Word2Vec"], DefaultParamsWritable
):
    """Train word vectors on a column of a Spark DataFrame.

    Parameters whose names are MLlib's have MLlib's defaults, but for `seed`. Every parameter has a getter and a setter.

    Parameters
    ----------
    vectorSize : int, default 100
        Dimensions of a vector.
    minCount : int, default 5
        Words that occur less often get no vector. 0 means 1.
    numPartitions : int, default 1
        If set, the DataFrame is repartitioned into so many parts before it is read. It never changes the vectors.
    stepSize : float, default 0.025
        Learning rate at the first row; it falls in a straight line to 0.0001. For CBOW set 0.05.
    maxIter : int, default 1
        Passes over the text.
    seed : int, default 1
        Subsampling, initial vectors, order of rows, and negatives. MLlib's default is a hash of the class name.
    inputCol : str
        Column of array<string>, of array<bigint> (ids, which become words), or of string (text, which is tokenized).
    outputCol : str, default uid + "__output"
        Column of the documents' vectors in what the model's `transform` returns.
    windowSize : int, default 5
        Words on each side that count as context.
    maxSentenceLength : int, default 1000
        Longer lists of words are cut into sentences of this length. The sentences of text are its lines.
    sg : int, default 1
        1: skip-gram, as MLlib; 0: CBOW.
    negative : int, default 5
        Noise words for each prediction. MLlib has hierarchical softmax instead.
    sample : float, default 0.0
        Words above about 2.6 times this share of the text are subsampled; 0: never, as MLlib. For more than some
        million words, 1e-3 is faster and often better.
    nsExponent : float, default 0.75
        Noise words are drawn by count ** nsExponent.
    workers : int, optional
        Threads that train, or processes where Numba is not installed. Absent: the driver's cores. Only 1 is repeatable.
    runDir : str, optional
        A path or a URI that the driver and all executors see. Each fit makes a run directory of its own in it, which
        stays. Absent: a temporary folder that is removed when Python ends; not possible on a cluster.
    settings : list of str, optional
        Further settings of the sections tokenize, phrases, vocab, shards and train, each as "section.key=value".

    Examples
    --------
    >>> rows = [("Hi I heard about Spark".split(" "),), ("I wish Java could use case classes".split(" "),)]
    >>> documents = spark.createDataFrame(rows, ["text"])
    >>> word2Vec = Word2Vec(vectorSize=3, minCount=0, workers=1, inputCol="text", outputCol="result")
    >>> model = word2Vec.fit(documents)
    >>> model.transform(documents).first().result.size
    3
    >>> model.getVectors().count()
    11
    >>> len(model.findSynonymsArray("Spark", 2))
    2
    """

    _input_kwargs: dict[str, Any]

    @keyword_only
    def __init__(
        self,
        *,
        vectorSize: int = 100,
        minCount: int = 5,
        numPartitions: int = 1,
        stepSize: float = 0.025,
        maxIter: int = 1,
        seed: int | None = None,
        inputCol: str | None = None,
        outputCol: str | None = None,
        windowSize: int = 5,
        maxSentenceLength: int = 1000,
        sg: int = 1,
        negative: int = 5,
        sample: float = 0.0,
        nsExponent: float = 0.75,
        workers: int | None = None,
        runDir: str | None = None,
        settings: list[str] | None = None,
    ) -> None:
        super().__init__()
        self.setParams(**self._input_kwargs)

    def setParams(self, **params: Any) -> "Word2Vec":
        """Set several parameters by name; None leaves a parameter as it is."""
        if unknown := [name for name in params if not self.hasParam(name)]:
            known = ", ".join(param.name for param in self.params)
            raise UserError(f"setParams: {unknown[0]!r} is not a parameter. Choose from {known}.")
        return self._set(**{name: value for name, value in params.items() if value is not None})

    def setVectorSize(self, value: int) -> "Word2Vec":
        """Set `vectorSize`."""
        return self._set(vectorSize=value)

    def setMinCount(self, value: int) -> "Word2Vec":
        """Set `minCount`."""
        return self._set(minCount=value)

    def setNumPartitions(self, value: int) -> "Word2Vec":
        """Set `numPartitions`."""
        return self._set(numPartitions=value)

    def setStepSize(self, value: float) -> "Word2Vec":
        """Set `stepSize`."""
        return self._set(stepSize=value)

    def setMaxIter(self, value: int) -> "Word2Vec":
        """Set `maxIter`."""
        return self._set(maxIter=value)

    def setSeed(self, value: int) -> "Word2Vec":
        """Set `seed`."""
        return self._set(seed=value)

    def setInputCol(self, value: str) -> "Word2Vec":
        """Set `inputCol`."""
        return self._set(inputCol=value)

    def setOutputCol(self, value: str) -> "Word2Vec":
        """Set `outputCol`."""
        return self._set(outputCol=value)

    def setWindowSize(self, value: int) -> "Word2Vec":
        """Set `windowSize`."""
        return self._set(windowSize=value)

    def setMaxSentenceLength(self, value: int) -> "Word2Vec":
        """Set `maxSentenceLength`."""
        return self._set(maxSentenceLength=value)

    def setSg(self, value: int) -> "Word2Vec":
        """Set `sg`."""
        return self._set(sg=value)

    def setNegative(self, value: int) -> "Word2Vec":
        """Set `negative`."""
        return self._set(negative=value)

    def setSample(self, value: float) -> "Word2Vec":
        """Set `sample`."""
        return self._set(sample=value)

    def setNsExponent(self, value: float) -> "Word2Vec":
        """Set `nsExponent`."""
        return self._set(nsExponent=value)

    def setWorkers(self, value: int) -> "Word2Vec":
        """Set `workers`."""
        return self._set(workers=value)

    def setRunDir(self, value: str) -> "Word2Vec":
        """Set `runDir`."""
        return self._set(runDir=value)

    def setSettings(self, value: list[str]) -> "Word2Vec":
        """Set `settings`."""
        return self._set(settings=value)

    def _fit(self, dataset: DataFrame) -> "Word2VecModel":
        model = Word2VecModel(fit_run(dataset, self))
        return self._copyValues(model._resetUid(self.uid))


class Word2VecModel(Model, Word2VecParams, MLReadable["Word2VecModel"], MLWritable):
    """Word vectors that `Word2Vec` trained, for documents in Spark DataFrames.

    The vectors stay in files, which executors map into memory or read once a worker.

    Parameters
    ----------
    location : str
        A path or a URI of a finished run, also one that the command line made, or of a saved model.

    Raises
    ------
    UserError
        If no finished run is there.
    """

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location
        self.trained = TrainedRun.open(location)

    def setInputCol(self, value: str) -> "Word2VecModel":
        """Set `inputCol`."""
        return self._set(inputCol=value)

    def setOutputCol(self, value: str) -> "Word2VecModel":
        """Set `outputCol`."""
        return self._set(outputCol=value)

    @cached_property
    def wordVectors(self) -> WordVectors:
        """Return the vectors for queries on the driver, mapped into memory from a local disk."""
        return WordVectors.load(self.location)

    def getVectors(self) -> DataFrame:
        """Return a DataFrame with the columns `word` and `vector`, a DenseVector; frequent words first."""
        spark, num_parts = SparkSession.active(), num_word_parts(self.trained)
        schema = StructType(
            [
                StructField("word", StringType(), nullable=False),
                StructField("vector", _VECTOR, nullable=False),
            ]
        )
        parts = spark.range(0, num_parts, 1, num_parts)
        rows = parts.mapInArrow(word_rows(self.trained, num_parts), schema)
        return rows.withColumn("vector", array_to_vector(rows["vector"]))

    def findSynonyms(self, word: str | Vector, num: int) -> DataFrame:
        """Return a DataFrame with the columns `word` and `similarity`: the nearest words of `findSynonymsArray`."""
        return SparkSession.active().createDataFrame(
            self.findSynonymsArray(word, num), "word string, similarity double"
        )

    def findSynonymsArray(self, word: str | Vector, num: int) -> list[tuple[str, float]]:
        """Return the words of largest cosine, best first.

        Parameters
        ----------
        word : str or Vector
            A word of the vocabulary, which is not among the answers, or a vector of `vectorSize` numbers.
        num : int
            Number of answers, at least 1. A small vocabulary gives fewer.

        Returns
        -------
        list of (str, float)
            Words and their cosines.

        Raises
        ------
        UnknownWordError
            If the word has no vector. It is a KeyError and a UserError.
        UserError
            If `num` is below 1, or the vector has another length.
        """
        if isinstance(num, bool) or not isinstance(num, int) or num < 1:
            raise UserError(f"num = {num!r}: expected an integer >= 1. Give the number of words to find.")
        if isinstance(word, str):
            return self.wordVectors.most_similar(word, topn=num)
        numbers = word.toArray() if isinstance(word, Vector) else word
        return self.wordVectors.most_similar(np.asarray(numbers, np.float32), topn=num)

    def write(self) -> ModelWriter:
        """Return a writer, as in `model.write().overwrite().save(path)`."""
        return ModelWriter(self)

    @classmethod
    def read(cls) -> ModelReader:
        """Return a reader, as in `Word2VecModel.read().load(path)`."""
        return ModelReader(cls)

    def _transform(self, dataset: DataFrame) -> DataFrame:
        """Add the mean of the known words' vectors; zero where a row has no known word, or is null."""
        column, output = input_column(self), self.getOutputCol()
        is_text = isinstance(column_type(dataset.schema, column), StringType)
        if is_text and not self.trained.takes_text:
            raise UserError(
                f"inputCol = {column!r} is text, and the model was fitted on lists of words: expected array<string> or "
                "array<bigint>. Split the text first, for example with pyspark.ml.feature.Tokenizer."
            )
        if output.lower() in map(str.lower, dataset.columns):  # as Spark compares names
            raise UserError(
                f"outputCol = {output!r}: the DataFrame has this column already. Name another with setOutputCol."
            )
        added = StructField(output, _VECTOR, nullable=False)
        task = embed_rows(self.trained, dataset.columns.index(column), output)
        # mapInArrow looks columns up by name, and does not find one with a dot.
        numbered = dataset.toDF(*(f"c{number}" for number in range(len(dataset.columns))))
        rows = numbered.mapInArrow(task, StructType([*dataset.schema.fields, added]))
        return rows.withColumn(output, array_to_vector(frame_column(rows, output)))
