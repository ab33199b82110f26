"""Texts -> unit vectors, behind the Embedder protocol; importing this loads no model library.

protocol.py              what the rest of the system asks for
sentence_transformer.py  the real one, loaded once per process and only when first needed
precision.py             which number format this processor is fastest with
vector_cache.py          vectors of learnings' texts, kept between sessions
"""

from worker.embedder.protocol import Embedder
from worker.embedder.sentence_transformer import SentenceTransformerEmbedder
from worker.embedder.vector_cache import VectorCache

__all__ = ["Embedder", "SentenceTransformerEmbedder", "VectorCache"]
