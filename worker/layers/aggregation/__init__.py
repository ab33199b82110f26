"""Layer 4: what is a learning worth over all sessions, and what follows from that?

aggregator     sums and decisions -> a LearningValue
told           values of learnings whose use leaves no trace
estimate       effect, interval and confidence
verdict        keep, remove, undecided …, in words
breakdown      where it helps and where it hurts
observed       what followed its uses and what followed elsewhere, counted without randomisation
leaving        which learnings may go, and why
removals       which learnings may be removed together
status         a learning's life: active, deprecated, re-tested
forecast       sessions until the next verdict
first_verdict  sessions until the first one of what has no records yet
explain        the value in parts that add up
"""
