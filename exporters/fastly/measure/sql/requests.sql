-- Every request of some facts, typed. `reason` says why a line is rejected, or is NULL; `hop` marks
-- what the CDN asked of itself, which is never counted; `ranged` tells a format that has ranges from
-- one that has none. Texts are as the line has them: `(null)`, which is how Fastly writes what is
-- not set, is left to where few of them are left.
SELECT
    *,
    CASE
        WHEN "time" IS NULL AND path IS NULL AND status_text IS NULL THEN 'malformed'
        WHEN began IS NULL OR began < TIMESTAMP '1990-01-01' THEN 'no_time'
        WHEN path IS NULL OR path IN ('', '(null)') THEN 'no_path'
        WHEN status IS NULL OR status < 100 THEN 'no_status'
        WHEN bytes IS NULL THEN 'bad_number'
        WHEN began > $latest::TIMESTAMP THEN 'future'
        WHEN
            began < $earliest::TIMESTAMP
            AND NOT list_contains($open_days::DATE[], began::DATE)
            OR len($closed_days::DATE[]) > 0
            AND list_contains($closed_days::DATE[], began::DATE)
            THEN 'closed_day'
    END AS reason
FROM (
    SELECT
        line,
        "time",
        CASE
            -- RFC 3339; a cast to TIMESTAMP would ignore the offset.
            WHEN "time" LIKE '____-__-__%'
                THEN make_timestamp(epoch_us(TRY_CAST("time" AS TIMESTAMPTZ)))
            WHEN "time" LIKE '%__/___/____:%'
                THEN make_timestamp(
                    epoch_us(try_strptime(trim("time", '[]'), '%d/%b/%Y:%H:%M:%S %z'))
                )
            -- Seconds since 1970, with or without a fraction; milliseconds; microseconds.
            WHEN "time" LIKE '__________' OR "time" LIKE '__________.%'
                THEN make_timestamp((TRY_CAST("time" AS DECIMAL(20, 6)) * 1000000)::BIGINT)
            WHEN "time" LIKE '_____________' THEN make_timestamp(TRY_CAST("time" AS BIGINT) * 1000)
            WHEN "time" LIKE '________________' THEN make_timestamp(TRY_CAST("time" AS BIGINT))
        END AS began,
        method,
        host,
        CASE
            WHEN starts_with(path, 'http') OR contains(path, '?')
                THEN split_part(regexp_replace(path, '^https?://[^/?#]*', ''), '?', 1)
            ELSE path
        END AS path,
        status AS status_text,
        CASE WHEN status LIKE '___' THEN TRY_CAST(status AS USMALLINT) END AS status,
        CASE
            WHEN body_bytes IS NULL OR body_bytes IN ('', '-', '(null)') THEN 0
            -- Twelve digits are a terabyte, and their sum stays a number. A cast would round what has
            -- a fraction.
            WHEN length(body_bytes) < 13 AND body_bytes NOT LIKE '%.%'
                THEN TRY_CAST(body_bytes AS UBIGINT)::BIGINT
        END AS bytes,
        -- A few hours at most.
        CASE
            WHEN elapsed_us IS NOT NULL
                THEN
                    CASE
                        WHEN TRY_CAST(elapsed_us AS UBIGINT) < 10000000000
                            THEN TRY_CAST(elapsed_us AS UBIGINT)
                    END
            WHEN elapsed_ms IS NOT NULL THEN TRY_CAST(TRY_CAST(elapsed_ms AS DOUBLE) * 1e3 AS UINTEGER)
            WHEN elapsed_s IS NOT NULL THEN TRY_CAST(TRY_CAST(elapsed_s AS DOUBLE) * 1e6 AS UINTEGER)
        END::BIGINT AS took_us,
        "range",
        content_range,
        "range" IS NOT NULL OR content_range IS NOT NULL AS ranged,
        user_agent AS agent,
        client_ip AS address,
        CASE
            WHEN country IS NULL OR country IN ('', '(null)') THEN country_name ELSE country
        END AS country,
        continent,
        pop,
        "cache",
        CASE WHEN http2 IN ('true', '1') THEN 'HTTP/2' ELSE protocol END AS protocol,
        CASE
            WHEN ipv6 IN ('true', '1') THEN TRUE
            WHEN ipv6 IN ('false', '0') THEN FALSE
            ELSE coalesce(client_ip LIKE '%:%:%', FALSE)
        END AS is_ipv6,
        "error",
        referer,
        request_id,
        rtt_us,
        retransmits,
        coalesce("inner" IN ('true', '1'), FALSE)
        OR coalesce(shield NOT IN ('', '0', '(null)'), edge IN ('false', '0'), FALSE) AS hop
    FROM ({facts})
)
