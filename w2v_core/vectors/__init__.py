"""Word vectors: queries, and the formats of other systems.

word_vectors     WordVectors: load, look up, nearest words
nearest          the largest cosines, block by block
index            approximate nearest words
trained_vectors  the files that training writes
warm_start       initial vectors of a training
alignment        two sets of vectors over their shared words
formats          word2vec, GloVe, Parquet, safetensors, npy and others
"""
