"""The stages: each composes the packages below into one function that returns a manifest or a result.

A stage function takes the run directory, the configuration and an executor. It raises exceptions below `W2VError`, logs
through the logger `w2v`, and never prints, exits or handles signals.
"""
