-- One row of feed_stats for each feed and day from %(first)s to %(last)s on which somebody fetched
-- it.
INSERT INTO feed_stats (date, agents, podcast_id, feed_id, inserted_at, updated_at)
SELECT
    days.day,
    jsonb_object_agg(
        readers.name,
        jsonb_build_object(
            'type', readers.type, 'requests', drawn.requests, 'raw', readers.raw
        )
    ),
    readers.podcast_id,
    readers.feed_id,
    (days.day + 1) + TIME '09:55',
    (days.day + 1) + TIME '09:55'
FROM sample.days
INNER JOIN sample.readers ON days.day >= readers.since
CROSS JOIN sample.made
CROSS JOIN LATERAL (
    SELECT
        (readers.requests * (0.9::float8 + 0.2::float8 * (noise & 1023) / 1023.0::float8))::int
            AS requests
    FROM (
        SELECT
            hashint8extended(
                (days.day - DATE '2000-01-01') * 100000 + coalesce(readers.feed_id, 0) * 100
                + coalesce(readers.podcast_id, 0),
                made.seed
            ) AS noise
    ) AS hashed
) AS drawn
WHERE days.day BETWEEN %(first)s AND %(last)s AND drawn.requests > 0
GROUP BY days.day, readers.podcast_id, readers.feed_id
ORDER BY days.day, readers.podcast_id, readers.feed_id
