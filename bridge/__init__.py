"""Event log -> ledger -> task queue: thin, replaceable at any moment, without a memory of its own.

consumer           lease partitions, read, decode, record together with the new position, enqueue
partition          one leased partition: reading behind its position, rewinds, gaps
decode             one batch of messages, sorted into events and dead letters
enqueue            from the ledger to the task queue
backpressure       whether reading should pause
maintenance/       rescues what was lost, publishes what waits, throws away what is old
run                the real objects, signals, run until stopped
"""
