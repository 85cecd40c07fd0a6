"""Training, evaluation and publishing from Python. Everything returns values and raises `W2VError`; nothing prints.

word2vec             Word2Vec: fit, partial_fit, save and load
settings             its parameters as settings of the configuration
sentences            what `fit` takes, and what it rejects
token_lists, tables, locations, spark_rows    the kinds of input, each as files of the tokens stage
spool                rows of memory as one Parquet file
training             the stages of one fit
callbacks            EarlyStopping, EvaluateEachEpoch, and the base of your own
display              progress in a terminal and in a notebook
pipeline             Pipeline: one call for each stage; plan and verify
scores               evaluate and compare
registry             ModelRegistry
spark                Word2Vec and Word2VecModel for `pyspark.ml`
"""
