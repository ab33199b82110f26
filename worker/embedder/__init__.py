"""Texts -> unit vectors, behind the Embedder protocol; importing this loads no model library.

protocol.py              what the rest of the system asks for
opening.py               which of the two embedders it is
openvino_embedder.py     on processors
  conversion.py          the model converted for it, once, by a process of its own
  openvino_model.py      what was converted, in memory
sentence_transformer.py  on GPUs, and for models that cannot be converted: torch, loaded when first needed
libraries.py             torch, sentence-transformers and OpenVINO, imported then, and no more of them than is needed
tokenizing.py            a model's own tokenizer, without the layers around it
rows.py                  each distinct text once, in batches, and rows of length 1
batches.py               texts of like length together
precision.py             which number format pays on which device
vector_cache.py          vectors of learnings' texts, kept between sessions
model_files.py           where a model is, and what tells two versions of it apart
"""

from worker.embedder.opening import open_embedder
from worker.embedder.protocol import Embedder
from worker.embedder.sentence_transformer import SentenceTransformerEmbedder
from worker.embedder.vector_cache import VectorCache

__all__ = [
    "Embedder",
    "SentenceTransformerEmbedder",
    "VectorCache",
    "open_embedder",
]
