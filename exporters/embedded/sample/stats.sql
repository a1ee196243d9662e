-- One row of episode_stats for each curve and day from %(first)s to %(last)s, both included. The expression
-- is that of traffic.py. Id and noise are functions of episode and day, so a row is the same whenever and
-- with whatever others it is made.
--
-- OFFSET 0 keeps the planner from folding a level into the next, where its results would be computed once
-- for each use; and it keeps days in the outer loop, so that the rows lie in the table by day, as they do
-- in the app's. Most rows are quiet days of old episodes and repeat each other's numbers: demographics,
-- the dear part, are made once for each distinct pair of downloads and split.
WITH listened AS (
    SELECT
        days.day,
        curves.*,
        scale
        * growth
        * days.factor
        * CASE age WHEN 0 THEN first_day_factor ELSE 1.0::float8 END
        * (
            1.0::float8 / (1.0::float8 + age * (0.6::float8 + 0.25::float8 * age))
            + tail / (1.0::float8 + age / 60.0::float8)
        )
        * (0.85::float8 + 0.3::float8 * (noise & 1023) / 1023.0::float8) AS listens
    FROM sample.days
    CROSS JOIN LATERAL (
        SELECT
            episode_id,
            podcast_id,
            episode_bytes,
            scale,
            tail,
            first_day_factor,
            days.day - published_on AS age,
            greatest(0.2::float8, 1.0::float8 + growth * (days.day - made.born) / 365.0::float8)
                AS growth,
            (days.day - DATE '2000-01-01') * 100000 + episode_id AS id,
            hashint8extended(
                (days.day - DATE '2000-01-01') * 100000 + episode_id, made.seed
            ) AS noise
        FROM sample.curves
        CROSS JOIN sample.made
        WHERE days.day BETWEEN first_day AND last_day
        OFFSET 0
    ) AS curves
    WHERE days.day BETWEEN %(first)s AND %(last)s
    OFFSET 0
),

sent AS (
    SELECT
        *,
        -- A file whose size the app does not know is as long as an episode of 40 minutes.
        (listens * coalesce(nullif(episode_bytes, 0), 40000000))::bigint + 2 AS total_bytes
    FROM listened
    OFFSET 0
),

counted AS (
    SELECT
        *,
        coalesce((100 * total_bytes + episode_bytes / 2) / nullif(episode_bytes, 0), 0) AS cents
    FROM sent
    OFFSET 0
),

drawn AS MATERIALIZED (
    SELECT
        id,
        day,
        episode_id,
        podcast_id,
        episode_bytes,
        total_bytes,
        cents,
        (0.5::float8 + listens * (0.8::float8 + 0.15::float8 * (noise >> 10 & 1023) / 1023.0::float8))::int
            AS uniques,
        (width_bucket(cents, %(tiers)s::bigint[]) * 4 + (noise >> 20 & 3)::int) * 2
        + (day >= %(named)s)::int AS split_id
    FROM counted
),

split AS MATERIALIZED (
    SELECT
        cents,
        split_id,
        format(
            template,
            round(cents * a1) / 100, round(cents * a2) / 100,
            round(cents * a3) / 100, round(cents * a4) / 100,
            round(cents * a5) / 100, round(cents * a6) / 100,
            round(cents * a7) / 100, round(cents * a8) / 100,
            round(cents * c1) / 100, round(cents * c2) / 100,
            round(cents * c3) / 100, round(cents * c4) / 100,
            round(cents * c5) / 100, round(cents * c6) / 100,
            round(cents * c7) / 100, round(cents * c8) / 100
        )::jsonb AS demographics
    FROM (SELECT DISTINCT cents, split_id FROM drawn) AS pairs
    INNER JOIN sample.splits ON splits.id = pairs.split_id
)

INSERT INTO episode_stats (
    id, date, episode_bytes, total_bytes, downloads, uniques, demographics,
    episode_id, podcast_id, inserted_at, updated_at
)
SELECT
    id,
    day,
    episode_bytes,
    total_bytes,
    cents / 100.0::float8,
    uniques,
    demographics,
    episode_id,
    podcast_id,
    day + TIME '09:10' + INTERVAL '1 day',
    day + TIME '09:10' + INTERVAL '2 days'
FROM drawn
INNER JOIN split USING (cents, split_id)
