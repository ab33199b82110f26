"""Figures for Prometheus, at `/metrics` of each part that `metrics.port` is set for.

serving.py     the endpoint of a bridge or a worker; the store server has its own
standing.py    a bridge tells how everything stands: ledger, queues, event log
work.py        a worker tells how long the layers and the model take

Task by task, Flower has its own figures at its own `/metrics`.
"""
