"""What a file is that is no text of ours, told by how it begins: named once instead of refused line by line."""

_BEGINNINGS = {
    b"\xff\xfe\0\0": "UTF-32 text",
    b"\0\0\xfe\xff": "UTF-32 text",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\x1f\x8b": "a gzip archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\0": "an xz archive",
    b"\x04\x22\x4d\x18": "an lz4 archive",
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"SQLite format 3\0": "an SQLite database, as Cursor, opencode and VS Code keep them",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
}
#: where a tar archive says what it is
_TAR = slice(257, 262)


def named_kind(head: bytes) -> str | None:
    """What begins so; None: it may be UTF-8 text. `head`: some hundred bytes at least, where there are as many."""
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if head[_TAR] == b"ustar":
        return "a tar archive"
    halves, half = (head[:64:2].count(0), head[1:64:2].count(0)), len(head[:64]) // 2
    # every second byte of Latin text
    return "UTF-16 text" if half > 3 and max(halves) > 0.75 * half > 3 * min(halves) else None
