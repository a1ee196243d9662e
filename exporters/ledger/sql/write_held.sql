-- Change the locked rows.
UPDATE {listeners} AS l
SET
    first_at = m.first_at,
    counted_at = m.counted_at,
    window_ends = m.window_ends,
    loose = m.loose,
    ranges = m.ranges,
    tenths = m.tenths,
    country = m.country,
    touches = m.touches
FROM merged AS m
WHERE
    m.existed AND m.day = %(day)s
    AND l.day = m.day AND l.episode_id = m.episode_id AND l.listener = m.listener
