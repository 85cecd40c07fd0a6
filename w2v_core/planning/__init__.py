"""What a run will be like, before anything of it is started.

    input ─input_sample─▶ splits ─sample─▶ counts, seconds ─growth─▶ words, tokens ─┐
                                  └─calibration─▶ rows, bytes, rows/s ──────────────┴─predict─▶ Prediction

`compare` holds a prediction against a finished run. A bounded sample goes through the code of the stages; what does not
grow with the corpus is stated in `costs`.
"""
