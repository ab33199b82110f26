"""What is remembered about learnings: records, values, experiments; CozoDB behind one server.

protocol    AttributionStore, the seam
operations  which of its operations go over HTTP, and how
client      the store over HTTP
addresses   where it listens
ranking     the order of learnings in lists
server/     the process that owns the database
cozo/       the store in CozoDB, in a folder or in memory
"""
