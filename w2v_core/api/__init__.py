"""Python interfaces to the pipeline.

spark            Word2Vec and Word2VecModel for `pyspark.ml`
"""
