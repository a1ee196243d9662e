-- What a day with rolling windows makes of facts: the single requests are kept, and the day is
-- counted anew from them and from what the day before has left open. A row with thousands of
-- requests takes no more of them.
INSERT INTO merged
SELECT
    t.day, t.episode_id, t.listener, t.yesterday, least(h.first_at, t.first_at),
    r.counted_at, r.ends_at, 0, '{{}}', r.tenths,
    CASE WHEN h.country > '' THEN h.country ELSE t.country END,
    coalesce(h.app, t.app), united.touches,
    h.day IS NOT NULL, h.counted_at, coalesce(h.tenths, 0), t.last_at, t.requests, t.live, t.by_hour
FROM touched AS t
LEFT JOIN held AS h
    ON h.day = t.day AND h.episode_id = t.episode_id AND h.listener = t.listener
LEFT JOIN nearfield.listeners AS y
    ON y.day = %(yesterday)s AND y.episode_id = t.episode_id AND y.listener = t.yesterday
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN cardinality(h.touches) > {touches} THEN h.touches
            ELSE coalesce(h.touches, '{{}}') || coalesce(t.touches, '{{}}')
        END AS touches
    OFFSET 0
) AS united
CROSS JOIN LATERAL nearfield.roll(
    united.touches, y.touches, y.window_ends, %(rearm)s, t.needed, t.size
) AS r
WHERE t.day = %(day)s
