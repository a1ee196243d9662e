-- What adds up whoever listened: requests and bytes of episodes by hour.
CREATE OR REPLACE TEMP VIEW hour_sums AS
SELECT
    epoch_us(date_trunc('hour', began)) // 1000000 AS hour,
    episode,
    count(*)::BIGINT AS requests,
    sum(CASE WHEN status IN (301, 404) THEN 0 ELSE bytes END)::BIGINT AS sent
FROM audio
WHERE episode IS NOT NULL
GROUP BY ALL;

-- Requests that cannot be part of a download. Where a path of a show never was an episode, nobody
-- can be said to have listened, though the answer was a success.
CREATE OR REPLACE TEMP VIEW outcome_sums AS
SELECT
    epoch_us(date_trunc('hour', began)) // 1000000 AS hour,
    podcast,
    CASE WHEN outcome = 'valid' THEN 'incomplete' ELSE outcome END AS outcome,
    count(*)::BIGINT AS requests,
    count(*) FILTER (live)::BIGINT AS live
FROM audio
WHERE outcome <> 'valid' OR episode IS NULL
GROUP BY ALL;

CREATE OR REPLACE TEMP VIEW delivered_sums AS
SELECT
    podcast,
    sum(CASE WHEN status IN (301, 404) THEN 0 ELSE bytes END)::BIGINT AS sent
FROM audio
WHERE live
GROUP BY ALL;

-- Answered requests for feeds of shows. A feed that leads to no show is nobody's: its name may be
-- a secret.
CREATE OR REPLACE TEMP VIEW feed_requests AS
SELECT
    began, agents.app, w.agent, shows.podcast
FROM wanted AS w
JOIN paths ON paths.path = w.path
JOIN agents ON agents.agent = w.agent
LEFT JOIN feeds ON feeds.feed = paths.feed
JOIN shows ON shows.podcast = coalesce(feeds.podcast, paths.feed)
WHERE w.status IN (200, 304) AND coalesce(w.method, 'GET') = 'GET';

-- Readers that fetch once for many. One is told from another by its user agent without numbers
-- (its version changes), and by the id that it gives the feed.
CREATE OR REPLACE TEMP VIEW readers AS
SELECT
    podcast, app,
    md5(regexp_replace(agent, '[0-9]+', '', 'g') || '#' || id) AS reader,
    max(subscribers)::BIGINT AS subscribers,
    max(epoch_us(began)) // 1000000 AS seen
FROM (
    SELECT
        *,
        TRY_CAST(regexp_extract(agent, '([0-9]{1,8}) (?:subscriber|reader)', 1) AS BIGINT)
            AS subscribers,
        regexp_extract(agent, '(?i:feed-?id|site)[:=/ ]*([0-9A-Za-z_-]{1,64})', 1) AS id
    FROM feed_requests
)
WHERE subscribers > 0
GROUP BY ALL;
