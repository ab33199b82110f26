"""The event log: topics split into partitions, read from positions that the ledger keeps.

protocol             EventLog, the seam
opening              which of them a URL means
read_on              reads on from a position; notices that the log was rewound
memory               the twin inside one process
redis_streams        the embedded default
  redis_scrubbing    what was deleted goes from its files too
iggy                 Apache Iggy 0.9, for production
  iggy_address       its connection string
  iggy_connection    one connection with deadlines, on an event loop of its own
  iggy_errors        what its errors mean
  iggy_partitioning  key -> partition, as its SDK does it
searching            finds the messages of some sessions
partitioning         key -> partition, where we are free to choose
"""
