"""Rows to vectors.

    trainer ─▶ worker_pool ─▶ worker, worker, …   a process each over the same tables (Hogwild), or this one
        │                 └─ engine step by step over the worker's own blocks
        ├─ held_out       the loss on rows that nobody trains
        └─ checkpoint     both tables and every worker's position, atomically

A position is an epoch and a number of blocks. All that is random in a block is drawn from (seed, epoch, block), so a
position is the whole state beside the tables: nothing else has to be saved for the same bytes to come out.

    tables = train(TrainingJob(shards, counts, ns_exponent, TrainConfig(sg=1)))
"""
