"""The stages as commands: `w2v <stage>` and `spark-submit jobs/<stage>.py`, with the same options.

A job parses arguments, calls `w2v_core`, and finishes a stage of the run directory. `_spark` holds all
that is Spark; what runs on executors is a function of `w2v_core`.

    tokenize_corpus ─▶ build_vocab ─▶ write_shards ─▶ train_vectors ─▶ evaluate_vectors
    run_pipeline: all of them          run_demo: all of them on docstrings
"""
