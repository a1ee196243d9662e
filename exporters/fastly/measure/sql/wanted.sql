-- Requests whose path is that of an episode's audio or of a feed.
CREATE OR REPLACE TEMP TABLE wanted AS
SELECT
    began, method, status, bytes, took_us, "range", content_range, ranged, agent, address,
    country, continent, path
FROM requests
WHERE
    reason IS NULL AND NOT hop
    AND (regexp_matches(path, $episode_path) OR regexp_matches(path, $feed_path));
