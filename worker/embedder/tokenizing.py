"""A model's own tokenizer without the layers around it, which take three times as long; each text is read once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: what a model may be given, in the order in which a converted one takes it
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
#: short, long, empty, of other scripts, with spaces around: of every kind that changes how a text is cut, padded or read
EXAMPLES = (
    "Run the tests before committing.",
    "  def f(x):\n\treturn x  # doubled? no\n",
    "",
    "שלום עולם 😀 naïve Ünïcode {}[]",
    "it goes on " * 700,
    "so " * 40,
    "x",
)

#: one text's tokens, as `tokenizers` has them: ids, type_ids
Encoding: TypeAlias = Any


class OtherTokens(Exception):
    """What a model reads cannot be made by its tokenizer alone."""


class TextTokenizer:
    """Reads, cuts off and pads as its model does; safe to share between threads."""

    def __init__(self, tokenizer: Any, inputs: Sequence[str] = INPUTS, beside: Mapping[str, Any] | None = None) -> None:
        """`tokenizer`: a `tokenizers.Tokenizer` that knows where to cut a text off and what to pad with; `inputs`: the model's.

        `beside`: what else the model is given, the same with all texts.
        """
        self.inputs = tuple(inputs)
        self.beside = dict(beside or {})
        self._padding_id = (tokenizer.padding or {}).get("pad_id", 0)
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        # the fast one leaves out where in the text each token stood
        self._encode = getattr(tokenizer, "encode_batch_fast", tokenizer.encode_batch)

    @classmethod
    def of(cls, model: Any) -> "TextTokenizer":
        """A SentenceTransformer's. Raises `OtherTokens` where that model, by itself, makes anything else of `EXAMPLES`."""
        if getattr(model, "default_prompt_name", None) is not None:
            raise OtherTokens("it puts a prompt before each text")
        tokenized = getattr(model, "preprocess", None) or model.tokenize  # since sentence-transformers 6
        given = dict(tokenized(list(EXAMPLES)))
        features = {name: given.pop(name).cpu().numpy() for name in INPUTS if name in given}
        if not {"input_ids", "attention_mask"} <= set(features) or not all(isinstance(v, str) for v in given.values()):
            raise OtherTokens("it does not read token ids with a mask alone")
        alone = cls(_tokenizer_of(model), list(features), given)
        ours = alone.prepare(EXAMPLES)
        if not all(np.array_equal(ours[name], value) for name, value in features.items()):
            raise OtherTokens("it prepares texts in a way of its own")
        return alone

    @classmethod
    def read(cls, path: Path) -> "TextTokenizer":
        """What `save` wrote. Raises `RuntimeError` for a file that cannot be read."""
        from tokenizers import Tokenizer

        try:
            return cls(Tokenizer.from_file(str(path)))
        except Exception as error:  # the package raises no narrower one
            raise RuntimeError(f"{path}: {error}") from error

    def save(self, path: Path) -> None:
        self._tokenizer.enable_padding(pad_id=self._padding_id)
        self._tokenizer.save(str(path))
        self._tokenizer.no_padding()

    def tokenize(self, texts: Sequence[str]) -> list[Encoding]:
        encodings: list[Encoding] = self._encode(list(texts))
        return encodings

    def padded(self, batch: Sequence[Encoding], length: int) -> dict[str, NDArray[np.int64]]:
        """What the model is given, by name: int64 [texts, length] each."""
        shape = (len(batch), length)
        ids, mask = np.full(shape, self._padding_id, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        types = np.zeros(shape, dtype=np.int64)
        for row, entry in enumerate(batch):
            count = len(entry.ids)
            ids[row, :count], mask[row, :count], types[row, :count] = entry.ids, 1, entry.type_ids
        made = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        return {name: made[name] for name in self.inputs}

    def prepare(self, texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """All of them in one batch, as long as the longest."""
        encodings = self.tokenize(texts)
        return self.padded(encodings, max(len(entry.ids) for entry in encodings))


def _tokenizer_of(model: Any) -> Any:
    """A copy, as the model's own is set anew at each of its calls."""
    kind = getattr(model, "tokenizer", None)
    backend = getattr(kind, "backend_tokenizer", None)
    if kind is None or backend is None or kind.padding_side != "right" or kind.pad_token_id is None:
        raise OtherTokens("its tokenizer is not of the kind that `tokenizers` has, padding on the right")
    copy = type(backend).from_str(backend.to_str())
    copy.enable_truncation(model.max_seq_length)
    copy.enable_padding(pad_id=kind.pad_token_id, pad_token=kind.pad_token)
    return copy
