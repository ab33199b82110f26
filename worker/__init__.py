"""Task queue -> layers -> store -> event log. The map, in the order of the imports: each line may import what stands below it.

bridge/             event log -> ledger -> task queue, its own package: bridge/__init__.py has its map
cli/                the `groove` command, one file per group of subcommands
local/              the embedded stack: broker, store, workers, bridge as child processes
working.py          one Celery worker of ours, and what happens when one of its children dies
tasks/              prepare_session, attribute_learning, finish_session
giving_up.py        a session that could not be prepared ends all the same
signs_of_life.py    which workers and bridges run, and what they hold
queues.py           how long the queues are, how old their oldest message
canvas.py           the workflow of one session, by task name
calibrating.py      fits layer 1's probability to labelled sessions
resources.py        builds each real object once per process
publishing.py       sends what the outbox holds to the event log
metrics/            figures for Prometheus
lag.py              how far the positions are behind the log
bundle_cache.py     prepared sessions, kept on the broker
preparation.py      a transcript becomes a bundle: chunks, vectors, learnings
attribution.py      the four layers over one learning and one session
app.py              the Celery app and its configuration
heartbeat.py        signs of life for health checks
broker.py           a connection to the broker beside Celery's own
logs.py             log lines: an event name and fields
settings.py         every setting once
second_look.py      a cross-encoder reads what layer 1 leaves in doubt (optional)
store/              what is remembered about learnings: CozoDB behind one server
layers/             activation, temporal, ablation, aggregation; pure
ledger/             what is known about work: events, entries, positions, outbox; SQL
event_log/          Apache Iggy, Redis Streams, memory
embedder/           sentence-transformers behind a protocol
bundle.py           a prepared session (evidence.py, bundle_codec.py: what is in it, how it is written)
calibration.py      layer 1's numbers and where they come from (ngrams.py: one of its features; common_words.py: what is rare)
transcripts/        transcripts in every form they come in
learnings.py        learnings as they are written down
records.py          a record as bytes, kept by the ledger until its session is finished
events/             the messages that come in and go out
parameters.py       what may be set about the layers
domain.py           the things the system talks about
errors.py           one exception tree
"""
