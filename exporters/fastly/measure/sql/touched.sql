-- What each client with one user agent got of each episode on each day, by valid requests: parts of
-- the file [low, high) where the format says which, else `loose` bytes of it. An answer 200 begins
-- at 0, whatever was asked for. The single requests are kept where a window rolls: time in
-- microseconds, low (-1: not known), high (or bytes). `facts` are first_at to touches of the ledger's
-- TOUCHED_COLUMNS, as COPY takes them; `in_an_hour` says that the requests are all in one.
SELECT
    day, episode, client, agent, country, in_an_hour,
    concat_ws(
        chr(9), first_at || '+00', last_at || '+00', requests, live, coalesce(loose, 0),
        -- Parts of which each begins where the one before it ended are one: that is how players ask.
        '{' || CASE
            WHEN lows IS NULL THEN ''
            WHEN lows[2:] = highs[:-2] THEN '[' || lows[1] || ',' || highs[-1] || ')'
            ELSE array_to_string(
                list_transform(
                    list_zip(lows, highs), lambda part: '[' || part[1] || ',' || part[2] || ')'
                ),
                ','
            )
        END || '}',
        CASE WHEN $rolling THEN '{' || touches || '}' ELSE '\N' END
    ) AS facts
FROM (
    SELECT
        began::DATE::VARCHAR AS day,
        episode,
        client,
        agent,
        max(country) AS country,
        min(began) AS first_at,
        max(began) AS last_at,
        date_trunc('hour', min(began)) = date_trunc('hour', max(began)) AS in_an_hour,
        count(*) AS requests,
        count(*) FILTER (live) AS live,
        (sum(bytes) FILTER (low IS NULL))::BIGINT AS loose,
        list(low) FILTER (high > low) AS lows,
        list(high) FILTER (high > low) AS highs,
        CASE WHEN $rolling THEN
            string_agg(
                epoch_us(began) || ',' || coalesce(low, -1) || ','
                || greatest(low, coalesce(high, bytes)), ','
            )
        END AS touches
    FROM (
        SELECT
            *,
            CASE
                WHEN span.last <> '' THEN least(low + bytes, TRY_CAST(span.last AS BIGINT) + 1)
                ELSE low + bytes
            END AS high
        FROM (
            SELECT
                *,
                CASE
                    WHEN NOT ranged THEN NULL
                    WHEN status = 200 THEN 0
                    WHEN span.first <> '' THEN TRY_CAST(span.first AS BIGINT)
                    WHEN asked.first <> '' THEN TRY_CAST(asked.first AS BIGINT)
                    WHEN asked.suffix <> ''
                        THEN greatest(size - TRY_CAST(asked.suffix AS BIGINT), 0)
                END AS low
            FROM (
                SELECT
                    *,
                    regexp_extract(
                        content_range, '^bytes ([0-9]{1,15})-([0-9]{1,15})/', ['first', 'last']
                    ) AS span,
                    CASE WHEN content_range IS NULL OR content_range IN ('', '(null)') THEN
                        regexp_extract(
                            "range", '^bytes= ?(?:([0-9]{1,15})-[0-9]*|-([0-9]{1,15}))$',
                            ['first', 'suffix']
                        )
                    END AS asked
                FROM audio
                WHERE outcome = 'valid' AND episode IS NOT NULL
            )
        )
    )
    GROUP BY began::DATE, episode, client, agent
);
