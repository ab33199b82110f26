"""An Iggy 0.9.0 server in memory, for tests of the real SDK: it speaks the SDK's protocol and can be made to fail.

wire       numbers, frames and primitives of the protocol
state      streams, topics, partitions, messages
commands   what each command does to them
server     connections, sessions, faults
proxy      stands before a real server: connections cut, replies lost, stalls
threaded   server and proxy on a thread of their own, for synchronous tests

What it keeps honest, because a reader's correctness depends on it: sessions (calls before a login are refused), offsets, the way
messages are framed in batches, and state that outlives its listener (`stop` and `start` are a restart of the server).

What it does not prove: timing, durability on a disk, retention, checksums, permissions beyond one yes or no, TLS, clusters,
consumer groups. For those there are the tests marked `iggy_server`. Locked to protocol 0.11 of SDK 0.9.
"""
