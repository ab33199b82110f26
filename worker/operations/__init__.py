"""What people do with a running system, without a face: commands and pages call the same.

examining     is everything well: findings, each with what to do
findings      one finding; those about work and about experiments
agreement     whether ledger and store speak of the same sessions
status        how everything stands: parts, queues, lag, sessions
reopening     sessions processed again: failed ones, finished ones; dry run first
dead_letters  what could not be read, tried again or given up
resending     messages sent again
pruning       learnings that may go, taken out of the managed file, and put back
what_if       what other settings would make of the stored records
session_list  sessions by where they stand, how they ended and in which project
sampling      whether assessed sessions are like all sessions
labelling     pairs worth a person's judgement, and the judgements on disk
rereading     layer 1 over kept sessions, for what_if
settings      every setting with its value, its meaning and where it comes from
backgrounds   what is known of earlier sessions as a whole
assessment    how a session was assessed, from its event
ids           ids shortened to a beginning, and found by it
connections   the ledger and the store of the settings in force
store_probe   checks that the store answers before it is used
wording       words for people
"""
