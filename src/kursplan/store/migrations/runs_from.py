"""What a database says of itself to versions that do not know its schema yet: which of them run on it.

A migration says in `runs_from` the oldest schema whose versions run on what it makes. A version that was
released before it can't read that in its file, so it is written down beside the revision.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, insert

TABLE = Table("schema_runs_from", MetaData(), Column("revision", String(32), nullable=False))
"""One row, for which no migration is needed: it is kept like the revision itself."""


def write_down(tx: Connection, oldest: str) -> None:
    """From now on versions of that schema and of later ones run on this database, and none before."""
    TABLE.create(tx, checkfirst=True)
    tx.execute(delete(TABLE))
    tx.execute(insert(TABLE), {"revision": oldest})
