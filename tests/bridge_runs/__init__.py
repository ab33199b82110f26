"""Real bridge processes under faults: does the ledger hold every event that the log holds, once, and do the values come out the same?

events      heavy and lightweight events to publish, the learnings that they name
logs        the two kinds of Iggy server, with the faults that each can be given
bridges     bridge processes to be started, killed, frozen and stopped
stack       bridges with one worker and the store, so that sessions become values
publishing  an assessor, and what stands in a log
content     what the ledger holds
quiet       the same events with nothing hurt: what the values must be
found       what a run found
run         one run by a seed
"""
