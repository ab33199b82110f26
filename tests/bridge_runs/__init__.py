"""Real bridge processes under faults: does the ledger hold every event that the log holds, once, and nothing else?

events      heavy events to publish
logs        the two kinds of Iggy server, with the faults that each can be given
bridges     bridge processes to be started, killed, frozen and stopped
run         one run by a seed, and what it found
"""
