"""The event log: topics split into partitions, read from positions that the ledger keeps.

protocol        EventLog, the seam
memory          the twin inside one process
redis_streams   the embedded default
iggy            Apache Iggy 0.9, for production
opening         which of them a URL means
"""
