"""Documents to vectors, by the words they are made of.

read           a split of a file ─▶ documents: rows of a table or lines of a text, each with its place
encode         their texts ─▶ ids of known words, cut as the run's own sentences were
weighting      ids ─▶ the weighted mean of the words' vectors: a sparse matrix times a dense one
components     what all documents share, and documents without it
embed_part     all of these on a list of splits ─▶ one Parquet part and its account
"""
