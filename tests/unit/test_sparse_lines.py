"""What a command says of long work where no bar can move."""

from worker.cli.run_files import SparseLines


def test_a_line_comes_twice_a_minute_and_only_with_news() -> None:
    """Neither at each look nor while nothing has changed; what is new is told once."""
    lines = SparseLines(start=100.0)
    assert not lines.is_due(110.0, 1, 98)
    assert lines.is_due(130.0, 5, 98)
    assert not lines.is_due(140.0, 6, 98)
    assert not lines.is_due(170.0, 5, 98)
    assert lines.is_due(171.0, 6, 98)
