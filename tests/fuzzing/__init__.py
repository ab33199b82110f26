"""What the tests in tests/fuzz share.

documents  documents that are nearly right: a good one with something strange in it
budget     how long a door is tried
"""
