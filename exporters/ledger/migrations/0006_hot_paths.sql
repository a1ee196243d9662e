-- Functions that are asked of every listener, such that the planner writes them out in their place: a
-- call takes several microseconds, the expression a tenth of that.

-- What adds an interval to a timestamptz is STABLE to PostgreSQL, and a function that calls itself
-- IMMUTABLE all the same is called.
CREATE OR REPLACE FUNCTION nearfield.launch_of(began timestamptz, published_at timestamptz)
RETURNS smallint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN began < date_bin('1 day', published_at, '1970-01-01 00:00:00+00') THEN NULL
    WHEN began < published_at + interval '24 hours' THEN 1
    WHEN began < published_at + interval '72 hours' THEN 3
    WHEN began < published_at + interval '168 hours' THEN 7
    WHEN began < published_at + interval '720 hours' THEN 30
    WHEN began < published_at + interval '2160 hours' THEN 90
END::smallint;

-- What tenths_of says of the one range [low, high), without a range for each tenth. Tenth i begins at
-- the byte size * i / 10, rounded down.
CREATE FUNCTION nearfield.tenths_between(low bigint, high bigint, loose bigint, size bigint)
RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    ((1 << least(loose * 10 / size, 10)::integer) - 1)
    | greatest(
        (1 << least((high * 10 + 9) / size, 10)::integer)
        - (1 << least((low * 10 + size - 1) / size, 10)::integer),
        0
    )
)::smallint;

-- Sums change with every segment. Where a page has room for the new row, no index is touched.
ALTER TABLE nearfield.hours SET (fillfactor = 70);
ALTER TABLE nearfield.countries SET (fillfactor = 70);
ALTER TABLE nearfield.apps SET (fillfactor = 70);
ALTER TABLE nearfield.outcomes SET (fillfactor = 70);
ALTER TABLE nearfield.totals SET (fillfactor = 70);
ALTER TABLE nearfield.counters SET (fillfactor = 70);
ALTER TABLE nearfield.readers SET (fillfactor = 70);
