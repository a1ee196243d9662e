"""The Fastly log stream: receive, spool, measure, count, and never lose a line.

The way of the data: everything is a segment.

    HTTPS, syslog ─▶ spool ─┐
    S3 objects ─────────────┼─▶ segment ─▶ measure ─▶ ledger (one transaction) ─▶ cdn_*, Loki
    archived files ─────────┘   (disk)     (DuckDB)   (PostgreSQL)

`segment.py` and `lines.py` are what a writer of segments needs. `measure()` is pure: a segment's
lines, what is known of the episodes, the keys of the days and the settings in; out come the sums
for `cdn_*`, one fact for each listener, episode and day, the requests for feeds, and the rejected
lines with their reasons. The ledger takes the facts and answers what they came to; only after its
commit are the sums added to `cdn_*` and the segment deleted. Whatever fails before the commit is
done again from the segment, and nothing is counted twice.
"""
