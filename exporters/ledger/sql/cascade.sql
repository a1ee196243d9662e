-- The rows of the day after those that have just changed: their windows may begin at another time
-- now. They come in as facts without a request.
INSERT INTO touched (
    day, episode_id, listener, yesterday, first_at, last_at, requests, live, loose, ranges, country,
    app, size, needed, touches
)
SELECT
    l.day, l.episode_id, l.listener, l.yesterday, l.first_at, l.first_at, 0, 0, 0, '{{}}', l.country,
    l.app, t.size, t.needed, '{{}}'
FROM touched AS t
INNER JOIN {listeners} AS l ON l.episode_id = t.episode_id AND l.yesterday = t.listener
WHERE
    t.day = %(yesterday)s
    AND NOT EXISTS (
        SELECT FROM touched AS known
        WHERE
            known.day = l.day AND known.episode_id = l.episode_id AND known.listener = l.listener
    )
