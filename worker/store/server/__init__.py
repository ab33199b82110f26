"""The store server: one process owns the database, everybody else asks it over HTTP.

app           the process: where it listens, life, signals
api           the application: public API and workers' calls behind one guard
connections   deadlines of a connection, and how many may lie open
guard         which requests are refused at the door: foreign host names, other sites' writes
body_limits   how long a body may be, by the token that comes with it
routes/       the public HTTP API
rpc           the private calls of workers
dependencies  what routes depend on: the store, tokens, ids
tokens        bearer tokens
refreshing    what all learnings share, made anew now and then
runner        short operations on the event loop, long ones in a thread
problems      errors as `application/problem+json`
"""
