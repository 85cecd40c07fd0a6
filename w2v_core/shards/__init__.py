"""Sentences to shuffled (target, contexts) rows in Parquet, and back.

    encode      a tokens file ─▶ sentences of ids, each with a key drawn from its content
                (an executor brings the sentences of one shard together, by key)
    write       the sentences of a shard ─▶ subsampled, windowed, shuffled rows in one file
    read        shards ─▶ blocks of rows, in the order that (seed, epoch) says

Every random choice is drawn from a sentence's content, its rank among identical sentences and the place in
it. The rows of a shard therefore do not depend on which worker made it, nor on where the input was cut.
"""
