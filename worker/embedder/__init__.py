"""Texts -> unit vectors, behind the Embedder protocol; importing this loads no model library.

protocol.py              what the rest of the system asks for
sentence_transformer.py  the real one, loaded once per process and only when first needed
libraries.py             torch and sentence-transformers, imported then, and no more of them than is needed
batches.py               texts of like length together
cross_encoder.py         the optional second look's, which reads a learning and a text together
precision.py             which number format this processor is fastest with
remembering.py           the first such measurement holds for a whole deployment
vector_cache.py          vectors of learnings' texts, kept between sessions
weights.py               what tells two versions of a model apart
"""

from worker.embedder.cross_encoder import CrossEncoderReader
from worker.embedder.protocol import Embedder, PairReader
from worker.embedder.sentence_transformer import SentenceTransformerEmbedder
from worker.embedder.vector_cache import VectorCache

__all__ = ["CrossEncoderReader", "Embedder", "PairReader", "SentenceTransformerEmbedder", "VectorCache"]
