"""What the layers share.

sums           exact sums of records: order and repetition change nothing
moments        mean and variance out of exact integer sums
distributions  tails and quantiles
"""
