-- Requests whose path is that of an episode's audio or of a feed.
CREATE OR REPLACE TEMP TABLE wanted AS
SELECT
    began, method, status, bytes, took_us, "range", content_range, ranged, agent, address,
    is_ipv6, upper(trim(coalesce(country, ''))) AS country, upper(continent) AS continent,
    nullif(found.podcast, '') AS podcast, nullif(found.episode, '') AS episode,
    nullif(feed, '') AS feed
FROM (
    SELECT
        *,
        regexp_extract(path, $episode_path, ['podcast', 'episode']) AS found,
        regexp_extract(path, $feed_path, ['feed']).feed AS feed
    FROM requests
    WHERE reason IS NULL AND NOT hop
)
WHERE (found.podcast <> '' AND found.episode <> '') OR feed <> '';
