"""The store's side of the hooks: what they decide by is kept current, what they did is taken in, in the folder `hook` of a project's data.

It runs in the store server, or beside it in whatever process reaches a store elsewhere; several at once do no harm.

keeper      looks again and again: snapshot and spool
seam        what of the store it needs
snapshots   managed learnings and the policy in force -> the snapshot
spool       takes lines out of the spool, each of them once
records     what hooks did, as far as it was taken in
forgetting  sessions out of all of it
delivery    decisions from those records into the store
agreement   what imported transcripts show beside those records, counted
"""
