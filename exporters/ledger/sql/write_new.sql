-- Add the rows that were not there. No other transaction adds to the day meanwhile; a worker of a
-- version that did not wait for its turn is told by the primary key.
INSERT INTO {listeners}
SELECT
    m.day, m.episode_id, m.listener, m.yesterday, m.first_at, m.counted_at, m.window_ends, m.loose,
    m.ranges, m.tenths, m.country, m.app, m.touches
FROM merged AS m
WHERE NOT m.existed AND m.day = %(day)s
ORDER BY m.episode_id, m.listener
