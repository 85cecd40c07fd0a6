"""Nightly runs: which files are new, whether the candidate passes the gate, and what is recorded.

    input files ──ledger──▶ new files ──the ordinary stages──▶ a run ──gate──▶ a version of the model ──▶ record

    ledger    files by their content: new, changed, copies of what was read already
    work      the folder of a nightly run: its plan, settings and run directory, and a record of each run before it
    gate      the checks that a candidate passes before it becomes `current`
    metrics   what Prometheus reads

`registry` publishes versions, a lease keeps two nightly runs apart, and `pipeline/nightly.py` composes all of them.
"""
