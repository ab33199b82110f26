"""Event log -> ledger -> task queue: thin, replaceable at any moment, without a memory of its own.

consumer           lease partitions, read, decode, record together with the new position, enqueue
partition          one leased partition: reading behind its position, rewinds, gaps
decode             one batch of messages, sorted into events and dead letters
transcript_files   reads a session's `transcript_path`, below one folder and nowhere else
enqueue            from the ledger to the task queue
backpressure       whether reading should pause
sweeper            finishes what the broker, a worker or a chord lost
lost_preparations  preparations whose worker shows no life any more
run                the real objects, signals, run until stopped
"""
