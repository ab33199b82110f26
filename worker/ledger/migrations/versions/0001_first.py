"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _column(name: str, kind: object = _text, *, key: bool = False, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, kind, primary_key=key, nullable=null, autoincrement=key and kind is _serial)  # type: ignore[arg-type]  # Alembic's style


def _integers(*names: str) -> list[sa.Column[object]]:
    return [_column(name, sa.BigInteger()) for name in names]


def _partial(name: str, table: str, column: str, condition: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


def upgrade() -> None:
    _received()
    _work()
    _going_out()
    _reading()


def _received() -> None:
    op.create_table(
        "event",
        _column("event_id", key=True),
        _column("session_id"),
        *_integers("timestamp", "received_at", "logged_at"),
        _column("stream"),
        _column("topic"),
        *_integers("partition", "offset"),
        _column("ablation_rate", sa.Double()),
    )
    op.create_index("event_session", "event", ["session_id"])
    op.create_table("payload", _column("event_id", key=True), _column("payload", sa.LargeBinary()))
    op.create_table(
        "lightweight_event",
        _column("event_id", key=True),
        _column("session_id"),
        *_integers("timestamp", "message_idx", "received_at"),
        _column("payload", sa.LargeBinary(), null=True),
    )
    op.create_index("lightweight_session", "lightweight_event", ["session_id"])
    op.create_table(
        "transcript",
        _column("session_id", key=True),
        _column("event_id", key=True),
        _column("transcript", sa.LargeBinary()),
    )


def _work() -> None:
    op.create_table(
        "session",
        _column("session_id", key=True),
        _column("timestamp", sa.BigInteger()),
        _column("event_id"),
        _column("attempt", sa.BigInteger()),
        _column("state"),
        *_integers("own_signals", "received_at", "sent_at", "sends"),
        *(
            _column(name, sa.BigInteger(), null=True)
            for name in ("started_at", "prepared_at", "finished_at", "next_try_at", "reopen_at")
        ),
        _column("tries", sa.BigInteger()),
        _column("reason"),
    )
    op.create_index("session_state", "session", ["state", "sent_at"])
    _partial("session_reopen", "session", "reopen_at", "reopen_at IS NOT NULL")
    op.create_table(
        "entry",
        _column("session_id", key=True),
        _column("learning_id", key=True),
        _column("event_id"),
        _column("attempt", sa.BigInteger()),
        _column("state"),
        *_integers("tries", "sends"),
        _column("reason"),
        _column("sent_at", sa.BigInteger()),
        *(_column(name, sa.BigInteger(), null=True) for name in ("next_try_at", "started_at", "ended_at")),
        sqlite_with_rowid=False,
    )
    _partial("entry_failed", "entry", "learning_id", "state = 'failed'")
    op.create_table(
        "session_step",
        _column("id", _serial, key=True),
        _column("session_id"),
        _column("event_id"),
        _column("attempt", sa.BigInteger()),
        _column("step"),
        _column("at", sa.BigInteger()),
        _column("detail"),
    )
    op.create_index("step_session", "session_step", ["session_id"])


def _going_out() -> None:
    op.create_table(
        "outbox",
        _column("id", _serial, key=True),
        _column("message_id"),
        _column("session_id"),
        _column("timestamp", sa.BigInteger()),
        _column("event_id"),
        _column("attempt", sa.BigInteger()),
        *(_column(name) for name in ("stream", "topic", "key")),
        _column("payload", sa.LargeBinary()),
        _column("created_at", sa.BigInteger()),
        _column("sent_at", sa.BigInteger(), null=True),
        sa.UniqueConstraint("message_id", name="outbox_message"),
    )
    op.create_index("outbox_session", "outbox", ["session_id"])
    _partial("outbox_unsent", "outbox", "id", "sent_at IS NULL")
    op.create_table(
        "dead_letter",
        _column("id", _serial, key=True),
        *(_column(name) for name in ("kind", "session_id", "stream", "topic")),
        *_integers("partition", "offset"),
        _column("reason"),
        _column("payload", sa.LargeBinary()),
        _column("digest"),
        _column("at", sa.BigInteger()),
        _column("state"),
        sa.UniqueConstraint("stream", "topic", "partition", "offset", "digest", name="dead_letter_place"),
    )
    op.create_index("dead_letter_session", "dead_letter", ["session_id"])


def _reading() -> None:
    op.create_table(
        "log_partition",
        _column("stream", key=True),
        _column("topic", key=True),
        _column("partition", sa.BigInteger(), key=True),
        _column("position", sa.BigInteger()),
        _column("last_id", null=True),
        _column("owner", null=True),
        *_integers("epoch", "lease_until", "rewinds", "gaps"),
    )
    op.create_table("replica", _column("name", key=True), _column("seen", sa.BigInteger()))
