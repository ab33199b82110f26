"""Task queue -> layers -> store -> event log. The map, in the order of the imports: each line may import what stands below it.

A session is prepared once, then layers 1 and 2 run for each of its learnings in a task of its own. Layers 3 and 4 need all sessions
of a learning, so they run where the records are: in the store, in the one transaction that adds a session's records.

cli/            the `groove` command: one file per command; support/ holds what they share
operations/     what people do with a running system, for commands and pages: examine, try again, what-if
local/          the embedded stack: broker, store, workers, bridge as child processes
tasks/          prepare_session, attribute_learning, finish_session, and the process that runs them
resources       builds each real object once per process
metrics/        figures for Prometheus
liveness/       heartbeats
task_queue/     Celery and the broker: app, workflow, queues
store/          what is remembered about learnings: CozoDB behind one server; applies layers 3 and 4
attribution/    one session, one learning -> one record; applies layers 1 and 2
publish_outbox  sends what the outbox holds to the event log
lag             how far the positions are behind the log
layers/         activation, temporal, ablation, aggregation; pure
ledger/         what is known about work: events, entries, positions, outbox; SQL
event_log/      Apache Iggy, Redis Streams, memory
language_model  a model at a provider, through LiteLLM: one request, one answer
embedder/       sentence-transformers behind a protocol
formats/        everything read or written as bytes: events, transcripts, learnings, records
logs            log lines: an event name and fields
settings/       every setting once
domain/         the things the system talks about
system/         the clock, processes, addresses
errors          one exception tree

The four stations of the data are packages of their own: bridge/ (event log -> ledger -> task queue) stands above this one.
"""
