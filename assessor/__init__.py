"""Sessions on disk -> heavy events: upstream of the event log, as `bridge/` is downstream of it. Only the commands import it.

secrets  what must not be stored or quoted
rules/   rules files -> learnings: found, split, recognised again after an edit
"""
