"""The book's layers and models, written to be read. The engine in `training` is tested against them.

layers            Embedding, EmbeddingDot, SigmoidWithLoss, NegativeSamplingLoss
models            CBOW and skip-gram
unigram_sampler   draws negative words
sparse_gradient   the gradient of a table: ids and rows
scatter_add       adds rows to a table, also where ids repeat
"""
