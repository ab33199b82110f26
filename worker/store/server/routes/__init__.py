"""The public HTTP API: what people, commands, dashboards, assessors and injectors may ask for and do.

values       what the learnings are worth: lists, status, health of the experiments
learnings    one learning: everything about it, its history, arms and sessions; import and decisions
assignments  which session gets which learning, decided here or elsewhere; sections
views        one learning over time, its arms, records and texts; sessions in sums
sessions     one session: records and explanations after it
upkeep       recomputing: sums and values, and what other settings would make of them
description  `/openapi.json`, `/docs`, `/metrics`, `/health`
"""
