"""A transcript and the learnings expected of it -> the session's bundle: the one place where layer 1 meets the model."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from worker.attribution.bundle import SessionBundle, SessionContext
from worker.attribution.second_look import SecondLook
from worker.domain import Learning, Transcript
from worker.embedder.protocol import Embedder, Vectors
from worker.embedder.vector_cache import VectorCache
from worker.layers.activation.background import NEAREST, RULES
from worker.layers.activation.calibration import Calibration, shipped_calibration
from worker.layers.activation.chunks import chunk_transcript
from worker.layers.activation.contamination import contaminated_learnings
from worker.layers.activation.evidence import Chunk, SessionChunks, SessionEvidence
from worker.layers.activation.named_code import named_code
from worker.layers.activation.nearness import Nearness
from worker.layers.activation.wording import actions_of


def build_bundle(
    context: SessionContext,
    transcript: Transcript,
    learnings: Mapping[str, Learning],
    *,
    embedder: Embedder,
    learning_vectors: VectorCache,
    calibration: Calibration | None = None,
    second_look: SecondLook | None = None,
) -> SessionBundle:
    """Embeds each distinct chunk once, and each learning's texts once per process (`learning_vectors`, made on this embedder).

    `calibration`: None takes the shipped one. `second_look`: None takes none.
    """
    evidence = gather_evidence(
        chunk_transcript(transcript),
        learnings,
        embedder=embedder,
        learning_vectors=learning_vectors,
        calibration=calibration,
    )
    insights = {learning_id: learning.insight for learning_id, learning in learnings.items()}
    if second_look is not None:
        evidence = replace(evidence, second_look=second_look.scores(insights, evidence))
    return SessionBundle(
        context=context,
        insights=insights,
        evidence=evidence,
        contaminated=contaminated_learnings(learnings.values(), transcript),
        model=f"{embedder.model} + {second_look.model}" if second_look else embedder.model,
        precision=embedder.precision,
    )


def gather_evidence(
    chunks: tuple[Chunk, ...],
    learnings: Mapping[str, Learning],
    *,
    embedder: Embedder,
    learning_vectors: VectorCache,
    calibration: Calibration | None = None,
) -> SessionEvidence:
    session = SessionChunks.of(chunks)
    texts = session.texts
    vectors = _compact(embedder.embed(texts))
    learning_ids = tuple(sorted(learnings))
    insights = [learnings[learning_id].insight for learning_id in learning_ids]
    actions = [actions_of(insight) for insight in insights]
    nearness = Nearness.of(
        texts,
        vectors,
        _background(vectors, learning_vectors),
        insights,
        insight_vectors=_learning_rows(insights, learning_vectors),
        action_vectors=_learning_rows([action for ways in actions for action in ways], learning_vectors),
        action_starts=list(accumulate(map(len, actions), initial=0)),
    )
    return SessionEvidence(
        chunks=session,
        learning_ids=learning_ids,
        cosine=nearness.cosine,
        meaning=nearness.meaning,
        wording=nearness.wording,
        calibration=(calibration or shipped_calibration()).about(
            learning_ids, (code.text for insight in insights for code in named_code(insight))
        ),
    )


def _background(vectors: NDArray[np.float16], learning_vectors: VectorCache) -> NDArray[np.float32]:
    """Per text, its mean cosine with the nearest of the rules that any project might have; rounded to 6 decimals."""
    if not len(vectors):
        return np.zeros(0, dtype=np.float32)
    rules = _compact(learning_vectors.embed(RULES)).astype(np.float64)
    cosines = vectors.astype(np.float64) @ rules.T
    nearest = np.sort(cosines, axis=1)[:, -NEAREST:]
    background: NDArray[np.float32] = np.round(nearest.mean(axis=1), 6).astype(np.float32)
    return background


def _learning_rows(texts: list[str], learning_vectors: VectorCache) -> NDArray[np.float16]:
    return _compact(learning_vectors.embed(texts)) if texts else np.zeros((0, 0), dtype=np.float16)


def _compact(vectors: Vectors) -> NDArray[np.float16]:
    """Rounded as calibrations were fitted; changes a cosine by less than .0005."""
    return vectors.astype(np.float16)
