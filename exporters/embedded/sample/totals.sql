-- The counts that the site shows, as the app computes them from the stats: downloads with what was
-- imported, rounded to 2 places; reach without.
WITH counts AS (
    SELECT
        episode_id,
        sum(downloads) AS downloads,
        sum(uniques) AS uniques
    FROM episode_stats
    GROUP BY episode_id
)

UPDATE episodes
SET
    download_count = round((coalesce(counts.downloads, 0) + same.import_count)::numeric, 2)::float8,
    reach_count = coalesce(counts.uniques, 0)
FROM episodes AS same
LEFT JOIN counts ON counts.episode_id = same.id
WHERE same.id = episodes.id;

UPDATE podcasts
SET
    download_count = round(counts.downloads::numeric, 2)::float8,
    reach_count = counts.uniques
FROM (
    SELECT
        podcast_id,
        sum(download_count) AS downloads,
        sum(reach_count) AS uniques
    FROM episodes
    GROUP BY podcast_id
) AS counts
WHERE counts.podcast_id = podcasts.id;
