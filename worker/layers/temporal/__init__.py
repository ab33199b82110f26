"""Layer 2: which signals followed the uses of a learning?

correlation  signals weighed by their distance from the uses
observation  what a learning without an experiment looks like over all sessions
"""
