"""The store in CozoDB. One transaction reads, applies layers 3 and 4 and writes: a record and what follows from it, or nothing.

store          the operations, as the protocol names them
database       read, transaction, close; translates the engine's errors
named_queries  reads queries.cozo and schema.cozo
rows           the relations' rows, their columns named
record_codec   records as their rows, and back
row_codec      learnings, decisions, assignments and values as their rows, and back
memory         a store without a folder
overlay        reads through what a transaction is about to write
workspace      what one transaction needs of several learnings, read once
remembered     what was worked out of a learning, until something under it changes
accounting     a session's records in the sums, as the models see it
designs        what the models see of each session, as rows and as arrays
backgrounds    what is known of sessions as a whole, brought in later
recording      a session's records stored, replaced or refused
sessions       the newest known version of each session
sums_book      sums per learning and epoch
totals         sums over all learnings
forgetting     a session or a learning out for good
lifecycle      verdicts that change a status, and what is published about them
undoing        which line an undo takes back, and what that leaves
history        what happened to a learning, and who did it
values         sums -> values, through layer 4
assign         draws for a new session, through layer 3
chances        with what chance each learning is withheld next, by itself or with its section
sections       learnings that are drawn together
policies       what was given out to decide by elsewhere, version by version
offline        decisions made elsewhere, checked against their policy
samples        a learning's randomised records as its experiment counts them
groups         a learning's effect by group
beside         who was injected beside whom, for many learnings at once
experiments    the arms and the state of each experiment
strategies     the layers as the settings ask for them
what_if        values under other settings, nothing stored
refreshing     what the fleet shares, made anew from all experiments
views/         pages for whoever looks
rebuild        sums and values from the records alone; retention
"""
