"""What every operation works in: the database, what of it is in memory, the layers, and one transaction around both."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from worker.errors import NotFound, StoreUnavailable
from worker.layers.ablation.experiment_health import ExperimentHealth, experiment_health
from worker.settings.layers import LayerParameters
from worker.store.cozo.beside import Beside
from worker.store.cozo.database import CozoDatabase, Transaction
from worker.store.cozo.lifecycle import Lifecycle
from worker.store.cozo.memory import Memory
from worker.store.cozo.remembered import Remembered
from worker.store.cozo.strategies import StoreLayers
from worker.store.cozo.sums_book import Book
from worker.store.cozo.totals import Totals
from worker.store.cozo.values import Valuer
from worker.store.shapes.experiments import ExperimentLine


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitOfWork:
    """One transaction under way."""

    transaction: Transaction
    draft: Memory
    book: Book
    lifecycle: Lifecycle


class Workspace:
    def __init__(
        self, database: CozoDatabase, parameters: LayerParameters, layers: StoreLayers, clock: Callable[[], int]
    ) -> None:
        self.database = database
        self.parameters = parameters
        self.layers = layers
        self.valuer = Valuer(layers.aggregation)
        self.beside = Beside(database)
        database.listeners.append(self.beside.hear)
        #: from a learning's totals
        self.healths: Remembered[ExperimentHealth] = Remembered()
        #: from a learning's value and totals
        self.experiment_lines: Remembered[ExperimentLine] = Remembered()
        #: microseconds; dates the lines that the rule writes to the decision log
        self.clock = clock
        #: how often something may have changed; never goes back
        self.changes = 0
        self._loaded: Memory | None = None
        #: something was written since the last refresh, as far as anybody knows
        self.is_stale = True

    def health_of(self, learning_id: str, totals: Totals) -> ExperimentHealth:
        """Can its experiment be trusted?"""
        return self.healths.of(learning_id, (totals,), lambda: experiment_health(totals.sums, self.parameters.ablation))

    @contextmanager
    def reading(self) -> Iterator[Memory]:
        """What is in memory, while nothing is written."""
        with self.database.consistent():
            if self._loaded is None:
                self._loaded = Memory.load(self.database)
            yield self._loaded

    @contextmanager
    def working(self, now: int, session_id: str = "") -> Iterator[UnitOfWork]:
        """One transaction; memory follows when it is committed, and is read again when nobody can tell whether it was."""
        with self.reading() as memory:
            draft = memory.draft()
            try:
                with self.database.transaction() as transaction:
                    book = Book(transaction, draft, session_id)
                    lifecycle = Lifecycle(transaction, draft, book, self.valuer, now=now)
                    yield UnitOfWork(transaction=transaction, draft=draft, book=book, lifecycle=lifecycle)
                    lifecycle.save()
            except StoreUnavailable:
                self.forget()
                raise
            memory.take(draft)
            self.changes += 1
            self.is_stale = True

    def forget(self) -> None:
        """Memory may differ from the database: read it again before it is used."""
        self._loaded = None
        self.valuer.forget()
        self.beside.forget()
        self.healths.forget()
        self.experiment_lines.forget()
        self.changes += 1
        self.is_stale = True


def must_know(memory: Memory, learning_ids: list[str], *, advice: str = "") -> None:
    """Raises `NotFound`, with what to do."""
    missing = [learning_id for learning_id in learning_ids if learning_id not in memory.histories]
    if missing:
        raise NotFound(f"no learning {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}{advice}")
