"""The steps that the trainer runs: the layers' gradients, computed for a batch at once and applied in place.

Write h_b for the vector that predicts, W for the output table, and N for K noise words that a group of rows
shares instead of drawing `negative` each. The loss of `models.CBOW` and `models.SkipGram` is then, over the
pairs (h_b, p) of a batch,

    - log s(h_b . W_p)  -  w * sum over n in N of log s(-h_b . W_n),     w = negative / K

whose second part has the expectation of Mikolov et al. 2013, equation 4. (word2vec.c skips a noise word that is
the positive one; `docs/decisions/0007-noise-may-be-the-positive.md` says why this does not.) Being shared it is
matrix products: scores h N^T, and with g = w * s(h N^T) the gradients g N for h and g^T h for N. A target of c
contexts in skip-gram is c pairs of one h, so its noise weighs c * w.

Rows come in spans of text (`rows`), whose contexts are words of the span and a few around it: some 26 words
for 16 rows. They are fetched once, and what rows and contexts say to each other is matrix products too, with a mask
M of who is whose context: CBOW's means are (M / c) X and the gradients of X its transpose; skip-gram's scores are
h X^T, those outside M put aside. All of a batch is computed at the tables as they stood before it; then

    table[id] -= alpha * gradient        only rows that the batch names are touched,

shortened where a word would overshoot (`bound`), and in CBOW lengthened as in word2vec.c (`cbow`).

Shared negatives are Ji et al. 2016, "Parallelizing Word2Vec in Shared and Distributed Memory".

    negatives    which noise words a group of rows shares, and with what weight
    rows         prepare(block) once for many batches
    cbow, skip_gram    step(batch) for each of these
"""
