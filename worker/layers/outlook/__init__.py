"""How well a session was to be expected to end, from what was known before its first answer (experiments.md 14).

features   a session as the models see it
models     what a model expects of a session, in lines that add up
design     all sessions as arrays
fitting    all sessions -> models; each session's comes from the others
residuals  every experiment's sums under these models

numpy and SciPy are loaded by the last three alone, at a refresh.
"""
