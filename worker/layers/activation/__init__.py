"""Layer 1: did the session use the learning, how sure is that, and where?

chunks.py         what the assistant wrote and did, in pieces (fences.py: fenced blocks)
wording.py        what a learning asks for
nearness.py       how near texts and learnings come to each other, where the session is prepared (background.py: rules of any project)
named_code.py     the commands, calls and paths that a learning names
reading.py        a session's texts made ready to be searched for them
features.py       the evidence for a session's learnings, as numbers
references.py     named code found again, quoted
contamination.py  a learning's text standing in the context, which is not use
detector.py       evidence -> Activation, calibrated or raw
"""

from worker.layers.activation.detector import HybridDetector

__all__ = ["HybridDetector"]
