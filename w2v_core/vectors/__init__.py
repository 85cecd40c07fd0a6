"""Word vectors: queries, and the formats of other systems.

word_vectors     WordVectors; its docstring lists the modules that hold its methods
terms            words, vectors and weights of a question
nearest          the largest cosines, block by block
word_movers      the cost of moving one distribution to another
index            approximate nearest words
trained_vectors  the files that training writes
warm_start       initial vectors of a training
alignment        two sets of vectors over their shared words
formats          word2vec, GloVe, Parquet, safetensors, npy and others
"""
