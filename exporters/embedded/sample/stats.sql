-- One row of episode_stats for each curve and day from %(first)s to %(last)s, both included. The
-- expression is that of traffic.py. Id and noise are functions of episode and day, so a row is the
-- same whenever and with whatever others it is made.
--
-- OFFSET 0 keeps the planner from folding a level into the next, where its results would be
-- computed once for each use; and it keeps days in the outer loop, so that the rows lie in the
-- table by day, as they do in the app's. Most rows are quiet days of old episodes: their
-- demographics, the dear part, are ready in sample.quiet.
WITH listened AS (
    SELECT
        days.day,
        days.counted_at,
        days.restated_at,
        days.named,
        curves.id,
        curves.episode_id,
        curves.podcast_id,
        curves.episode_bytes,
        curves.sent_bytes,
        curves.noise,
        curves.scale
        * curves.growth
        * days.factor
        * CASE curves.age WHEN 0 THEN curves.first_day_factor ELSE 1.0::float8 END
        * (
            1.0::float8 / (1.0::float8 + curves.age * (0.6::float8 + 0.25::float8 * curves.age))
            + curves.tail / (1.0::float8 + curves.age / 60.0::float8)
        )
        * (0.85::float8 + 0.3::float8 / 1023.0::float8 * (curves.noise & 1023)) AS listens
    FROM sample.days
    CROSS JOIN LATERAL (
        SELECT
            episode_id,
            podcast_id,
            episode_bytes,
            sent_bytes,
            scale,
            tail,
            first_day_factor,
            (days.day - published_on)::float8 AS age,
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
        (listens * sent_bytes)::bigint + 2 AS total_bytes
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

drawn AS (
    SELECT
        *,
        (width_bucket(cents, %(tiers)s::bigint[]) * 4 + (noise >> 20 & 3)::int) * 2 + named
            AS split_id
    FROM counted
    OFFSET 0
)

INSERT INTO episode_stats (
    id, date, episode_bytes, total_bytes, downloads, uniques, demographics,
    episode_id, podcast_id, inserted_at, updated_at
)
SELECT
    drawn.id,
    drawn.day,
    drawn.episode_bytes,
    drawn.total_bytes,
    drawn.cents / 100.0::float8,
    0.5::float8
    + drawn.listens * (0.8::float8 + 0.15::float8 / 1023.0::float8 * (drawn.noise >> 10 & 1023)),
    coalesce(quiet.demographics, sample.demographics(drawn.cents, splits)),
    drawn.episode_id,
    drawn.podcast_id,
    drawn.counted_at,
    drawn.restated_at
FROM drawn
INNER JOIN sample.splits ON splits.id = drawn.split_id
LEFT JOIN sample.quiet ON quiet.cents = drawn.cents AND quiet.split_id = drawn.split_id
