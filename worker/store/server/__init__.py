"""The store server: one process owns the database, everybody else asks it over HTTP.

app        routes, life, signals
endpoints  the public HTTP API
http_api   a public call: query and body checked, the answer as JSON
openapi    `/openapi.json`, made from the endpoints
rpc        the private calls of workers and commands
tokens     bearer tokens, and the limit on the size of a request
runner     short operations on the event loop, long ones in a thread
problems   errors as `application/problem+json`
"""
