"""Keeps the stack healthy beside the consumer: finishes what was lost, publishes what waits, throws away what is old.

The ledger knows what is open; several bridges may do all of this at once and do no harm.

sweeper            the loop that runs the services below, one after the other
rescuer            sends again what the broker, a worker or a chord lost
lost_preparations  preparations whose worker is gone
transcript_waiter  looks for transcripts that come after their event
transcript_files   reads a session's `transcript_path`, below one folder and nowhere else
reopener           new attempts of sessions that lightweight events came late for
outbox_publisher   sends messages that their finish could not publish
results_trimmer    keeps only the newest results in the event log
cleaner            retention: throws away what is old
"""
