"""Training that comes back every night: what is new, whether it may stand, and what is told of it.

    input files ──ledger──▶ new files ──the ordinary stages──▶ a run ──gate──▶ a version of the model ──▶ record

    ledger    files by their content: new, changed, copies of what was read already
    work      the folder of a night: its plan, its settings, its run; and a record of every night before
    gate      the checks that a candidate passes before it becomes `current`
    metrics   what Prometheus reads

Publishing is the model store's, and a lease keeps two nights apart; `jobs/run_night.py` puts all together.
"""
