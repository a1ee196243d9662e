-- Add the rows that were not there, in the order of the locks. Where another worker has just added
-- one, fewer rows are added than there are, and the day is begun again.
INSERT INTO {listeners}
SELECT
    m.day, m.episode_id, m.listener, m.yesterday, m.first_at, m.counted_at, m.window_ends, m.loose,
    m.ranges, m.tenths, m.country, m.app, m.touches
FROM merged AS m
WHERE NOT m.existed AND m.day = %(day)s
ORDER BY m.episode_id, m.listener
ON CONFLICT DO NOTHING
