"""What a run will be like, before anything of it is started.

    input ─pieces─▶ splits ─sample─▶ counts, seconds ─growth─▶ words, tokens ─┐
                                  └─trial─▶ rows, bytes, rows/s ──────────────┴─predict─▶ Prediction ─compare─▶ facts

A bounded sample goes through the code of the stages; what does not grow with the corpus is stated in `costs`.
"""
