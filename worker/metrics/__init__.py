"""Figures for Prometheus, at `/metrics` of each part that `metrics.port` is set for.

serving  the endpoint of a bridge or a worker; the store server has its own
stack    a bridge tells how everything stands: ledger, queues, event log
work     a worker tells how long the layers and the model take

Task by task, Flower has its own figures at its own `/metrics`.
"""
