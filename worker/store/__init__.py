"""What is remembered about learnings: records, values, experiments; CozoDB behind one server.

protocol      SessionStore and AttributionStore, the seam
views         the seam for whoever looks
shapes/       what both answer with
section_told  what a section's verdict says of its learnings
answers       what the public API answers beside domain objects
operations    the workers' operations and errors, as they travel
connection    requests to the server, and its problems as exceptions
client        the store for workers
api           the store for commands: the public API
addresses     where it listens
ranking       the order of learnings in lists
hooks/        assistants' hooks: their snapshot kept current, their records taken in
server/       the process that owns the database
cozo/         the store in CozoDB, in a folder or in memory
"""
