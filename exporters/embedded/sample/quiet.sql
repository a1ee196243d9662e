-- Fills sample.quiet for days with fewer downloads than the second of %(tiers)s.
INSERT INTO sample.quiet (cents, split_id, demographics)
SELECT
    cents,
    splits.id,
    sample.demographics(cents, splits)
FROM generate_series(0, (%(tiers)s::bigint[])[2] - 1) AS cents
INNER JOIN sample.splits ON splits.id / 8 = width_bucket(cents, %(tiers)s::bigint[])
