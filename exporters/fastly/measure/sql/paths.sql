-- Requests for audio and feeds.
CREATE OR REPLACE TEMP VIEW wanted AS FROM taken WHERE wanted;

-- What their paths lead to: an episode (`sound`: one of them was answered with a body),
-- else a feed. Names that no label or index could hold lead nowhere.
CREATE OR REPLACE TEMP TABLE paths AS
SELECT
    path,
    sound,
    CASE WHEN is_audio THEN found.podcast END AS podcast,
    CASE WHEN is_audio THEN found.episode END AS episode,
    CASE WHEN NOT is_audio THEN nullif(feed, '') END AS feed
FROM (
    SELECT
        * REPLACE (CASE WHEN length(feed) <= 200 AND NOT odd THEN feed END AS feed),
        coalesce(
            length(found.podcast) BETWEEN 1 AND 200 AND length(found.episode) BETWEEN 1 AND 200
            AND NOT odd,
            FALSE
        ) AS is_audio
    FROM (
        SELECT
            path,
            bool_or(status IN (200, 206) AND bytes > 0) AS sound,
            regexp_matches(path, '[[:cntrl:]]') AS odd,
            regexp_extract(path, $episode_path, ['podcast', 'episode']) AS found,
            regexp_extract(path, $feed_path, ['feed']).feed AS feed
        FROM wanted
        GROUP BY path
    )
);
