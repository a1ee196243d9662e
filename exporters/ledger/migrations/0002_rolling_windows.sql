-- Rolling windows (PTMG 5.5.1): a row finds its listener's row of the day before by their name
-- under that day's key.
CREATE INDEX listeners_by_yesterday ON nearfield.listeners (episode_id, yesterday)
WHERE yesterday IS NOT NULL;

-- Bytes of a file that some requests delivered, and which tenths of it. Requests are triples as in
-- listeners.touches.
CREATE FUNCTION nearfield.delivered(
    touches bigint [], size bigint, OUT held bigint, OUT tenths smallint
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    ranges int8multirange := '{}';
    loose bigint := 0;
BEGIN
    FOR i IN 1 .. cardinality(touches) BY 3 LOOP
        IF touches[i + 1] < 0 THEN
            loose := loose + touches[i + 2];
        ELSE
            ranges := ranges + int8multirange(int8range(touches[i + 1], touches[i + 2]));
        END IF;
    END LOOP;
    SELECT least(loose + coalesce(sum(upper(part) - lower(part)), 0)::bigint, size)
    INTO held
    FROM unnest(ranges) AS part;
    tenths := CASE
        WHEN size IS NULL THEN 0
        WHEN held = size THEN 1023
        ELSE nearfield.tenths_of(ranges, loose, size)
    END;
END
$$;

-- What a day comes to where windows roll, from the requests of the day and of the day before. A
-- window begins with the request that completes a minute of sound out of those of the last 24 hours
-- that are in no window, and ends 24 hours after it; with `rearm` 24 hours after the last request
-- in it. `window_ends` goes in as the day before left it, and comes out as this day leaves it.
-- `tenths` are those delivered by the end of the day.
CREATE FUNCTION nearfield.roll(
    touches bigint [],
    touches_before bigint [],
    window_ends timestamptz,
    rearm boolean,
    needed bigint,
    size bigint,
    OUT counted_at timestamptz,
    OUT ends_at timestamptz,
    OUT tenths smallint
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    a_day CONSTANT bigint := 86400000000;
    ends bigint := coalesce((extract(EPOCH FROM window_ends) * 1000000)::bigint, 0);
    counted bigint;
    touch record;
    -- Requests of the last 24 hours that are in no window; then those of the window.
    gathered bigint[] := '{}';
BEGIN
    FOR touch IN
        SELECT a[i] AS at, a[i:i + 2] AS triple, today
        FROM (VALUES (touches_before, false), (touches, true)) AS days (a, today)
        CROSS JOIN LATERAL generate_series(1, coalesce(cardinality(a), 0), 3) AS i
        WHERE today OR a[i] >= ends
        ORDER BY triple
    LOOP
        IF touch.at < ends THEN
            IF counted IS NOT NULL THEN
                gathered := gathered || touch.triple;
            END IF;
            IF rearm THEN
                ends := touch.at + a_day;
            END IF;
        ELSE
            gathered := gathered || touch.triple;
            WHILE gathered[1] <= touch.at - a_day LOOP
                gathered := gathered[4:];
            END LOOP;
            IF touch.today AND (nearfield.delivered(gathered, size)).held >= needed THEN
                counted := touch.at;
                ends := touch.at + a_day;
            END IF;
        END IF;
    END LOOP;
    counted_at := timestamptz 'epoch' + counted * interval '1 microsecond';
    ends_at := timestamptz 'epoch' + nullif(ends, 0) * interval '1 microsecond';
    tenths := CASE WHEN counted IS NULL THEN 0 ELSE (nearfield.delivered(gathered, size)).tenths END;
END
$$;
