"""Event log -> ledger -> task queue: thin, replaceable at any moment, without a memory of its own.

consumer.py      lease partitions, read, decode, record together with the new position, enqueue
partition.py     one leased partition: reading behind its position, rewinds, gaps
handover.py      from the ledger to the task queue
pressure.py      whether reading should pause
intake.py        one batch of messages, sorted into events and dead letters
transcripts.py   reads a session's `transcript_path`, below one folder and nowhere else
sweeper.py       finishes what the broker, a worker or a chord lost
silence.py       preparations whose worker shows no life any more
running.py       the real objects, signals, run until stopped
__main__.py      the process: arguments, status
"""
