"""What the store answers with, beside domain objects.

attempts     a session's way: what its workers are given, what its finish answers
assignments  decisions about who gets what, and the policy they follow
changes      what came of an import, an undo, a removal
sections     learnings that are injected or withheld together
health       whether an experiment can be trusted
upkeep       what a look at the stored numbers finds
learnings    for whoever looks: a page of learnings
learning     … one learning: arms, over time, texts, records; sessions in sums
sessions     … sessions that are looked for
experiments  … all experiments together
"""
