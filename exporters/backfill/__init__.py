"""`nearfield backfill`: archived logs into the ledger, each once.

    paths ─▶ files ─▶ parts ─▶ segments ─▶ recorders ─▶ ledger
             found    contents  loads       work        └─▶ history ─▶ openmetrics

A file is read as a stream and cut into parts at places that its inflated content decides alone.
The ledger counts a part once, by the digest of the content up to its end: so a file may come again
under another name or compression, and a backfill that was killed goes on where it was.
"""

from exporters.backfill.command import Orders, run

__all__ = ["Orders", "run"]
