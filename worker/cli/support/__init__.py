"""What the commands share.

assessment   how a session was assessed, from its event
connections  ledger, store, broker and event log of the settings in force
store_probe  checks that the store answers before a command uses it
output       standard output: JSON, colours, progress
tables       tables for terminals and pipes
ids          shortened ids
reopened     sessions that were opened again: sent, and told
types        option types: times and durations
jsonl        files of events and learnings, line by line
findings     doctor's findings
"""
