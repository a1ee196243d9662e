-- What a calendar day makes of facts: ranges are united over all requests of the day, and it is a
-- download once a minute of sound is there (PTMG 5.5.3); its window began with the first request.
-- A row whose ranges have become a nuisance (thousands of crumbs) takes no more of them. What was
-- counted stays counted, also when an episode's size turns out to be another.
INSERT INTO merged
SELECT
    t.day, t.episode_id, t.listener, NULL, least(h.first_at, t.first_at),
    CASE
        WHEN h.counted_at IS NOT NULL OR whole.held >= t.needed THEN least(h.first_at, t.first_at)
    END,
    NULL, whole.loose, whole.ranges,
    CASE
        WHEN t.size IS NULL THEN 0
        WHEN whole.held = t.size THEN 1023
        WHEN whole.is_one
            THEN nearfield.tenths_between(
                lower(whole.ranges), upper(whole.ranges), whole.loose, t.size
            )
        ELSE nearfield.tenths_of(whole.ranges, whole.loose, t.size)
    END,
    CASE WHEN h.country > '' THEN h.country ELSE t.country END,
    coalesce(h.app, t.app), NULL,
    h.day IS NOT NULL, h.counted_at, coalesce(h.tenths, 0), t.last_at, t.requests, t.live, t.by_hour
FROM touched AS t
LEFT JOIN held AS h
    ON h.day = t.day AND h.episode_id = t.episode_id AND h.listener = t.listener
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN h.day IS NULL THEN t.ranges
            WHEN pg_column_size(h.ranges) > {crumbs} THEN h.ranges
            ELSE h.ranges + t.ranges
        END AS ranges,
        least(coalesce(h.loose, 0) + t.loose, 1000000000000000) AS loose
    OFFSET 0
) AS united
CROSS JOIN LATERAL (
    -- Nearly all are one range.
    SELECT
        united.ranges,
        united.loose,
        NOT isempty(united.ranges)
        AND united.ranges = int8multirange(range_merge(united.ranges)) AS is_one
    OFFSET 0
) AS shaped
CROSS JOIN LATERAL (
    SELECT
        shaped.ranges,
        shaped.loose,
        shaped.is_one,
        least(
            shaped.loose + CASE
                WHEN isempty(shaped.ranges) THEN 0
                WHEN shaped.is_one THEN upper(shaped.ranges) - lower(shaped.ranges)
                ELSE (
                    SELECT sum(upper(part) - lower(part))::bigint
                    FROM unnest(shaped.ranges) AS part
                )
            END,
            t.size
        ) AS held
    OFFSET 0
) AS whole
WHERE t.day = %(day)s
