"""What was deleted goes from a Redis server's files too: a stream keeps deleted entries' bytes, and the append-only file every command."""

import time
from typing import cast

from redis import Redis
from redis.exceptions import ResponseError

#: deletes entries and writes the others of the stream anew: a deleted one is only marked as such, and would go into files with its block
REWRITE = """
for i = 1, #ARGV do redis.call('XDEL', KEYS[1], ARGV[i]) end
if redis.call('XLEN', KEYS[1]) == 0 then return end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local last
for i = 1, #info, 2 do
  if info[i] == 'last-generated-id' then last = info[i + 1] end
end
local from = '-'
repeat
  local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 100)
  for _, entry in ipairs(entries) do
    redis.call('XADD', KEYS[2], entry[1], unpack(entry[2]))
    from = '(' .. entry[1]
  end
until #entries < 100
redis.call('XSETID', KEYS[2], last)
redis.call('RENAME', KEYS[2], KEYS[1])
"""
#: seconds for which a rewrite of the append-only file is waited for
_PATIENCE = 120.0
_LOOK_SECONDS = 0.05


def scrub_files(redis: Redis) -> bool:
    """Write the append-only file anew from what there is now -> whether that is done; raises redis-py's errors."""
    if redis.info("persistence")["aof_enabled"]:
        _begin(redis)
        return _ended(redis)
    return True


def _begin(redis: Redis) -> None:
    """One that runs already began before the deletion: it is waited for, and then it is ours to begin."""
    try:
        redis.bgrewriteaof()
    except ResponseError as error:
        if "already in progress" not in str(error):
            raise
        _ended(redis)
        redis.bgrewriteaof()


def _ended(redis: Redis) -> bool:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        found = cast("dict[str, object]", redis.info("persistence"))
        if not found["aof_rewrite_in_progress"] and not found["aof_rewrite_scheduled"]:
            return found["aof_last_bgrewrite_status"] == "ok"
        time.sleep(_LOOK_SECONDS)
    return False
