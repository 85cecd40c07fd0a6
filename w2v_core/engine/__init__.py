"""The steps that the trainer runs: the layers' gradients, computed for a batch at once and applied in place.

Write h_b for the vector that predicts, W for the output table, and N for K noise words that a group of rows
shares instead of drawing `negative` each. The loss of `models.CBOW` and `models.SkipGram` is then, over the
pairs (h_b, p) of a batch,

    - log s(h_b . W_p)  -  w * sum over n in N, n != p, of log s(-h_b . W_n),     w = negative / K

whose second part has the same expectation as word2vec's and, being shared, is matrix products: scores
h N^T, and with g = w * s(h N^T) the gradients g N for h and g^T h for N. The rest is sums over rows of a
table (`row_products`). All of a batch is computed at the tables as they stood before it; then

    table[id] -= alpha * gradient        only rows that the batch names are touched.

Shared negatives are Ji et al. 2016, "Parallelizing Word2Vec in Shared and Distributed Memory".

    negatives    which noise words a group of rows shares, and with what weight
    cbow, skip_gram    prepare(block) once for many batches, step(batch) for each
"""
