"""Predict what a run needs, before it starts.

    input ─input_sample─▶ splits ─▶ tokens ─sample─▶ counts, seconds ─growth─▶ words, tokens ──┐
                      calibration ─▶ shards, training ─▶ rows, bytes, seconds, rows/s ─────────┴─predict─▶ Prediction

`pipeline/plan.py` takes a bounded sample through the stages. `compare` compares a prediction with a finished run.
`costs` has what does not grow with the corpus.
"""
