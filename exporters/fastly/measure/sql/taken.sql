-- Every line of a chunk, read once. What only requests for audio and feeds need is kept of those
-- alone, and of the few that are told one by one: long texts are what costs here. `bucket` is the
-- number of upper bounds that the duration is over; `ended` the second in which the request ended.
SELECT
    reason,
    hop,
    line,
    host,
    pop,
    status,
    "cache",
    CASE
        WHEN "error" NOT IN ('', '(null)') THEN "error"
        WHEN status >= 500 THEN 'http ' || status
    END AS "error",
    protocol,
    is_ipv6,
    country,
    bytes,
    took_us,
    CASE WHEN took_us >= 0 THEN {bucket} END AS bucket,
    epoch_us(began) // 1000000 + coalesce(took_us, 0) // 1000000 AS ended,
    wanted,
    told,
    CASE WHEN wanted OR told THEN began END AS began,
    CASE
        WHEN wanted OR told THEN upper(nullif(nullif(method, ''), '(null)'))
    END AS method,
    CASE WHEN wanted OR told THEN path END AS path,
    CASE WHEN wanted THEN "range" END AS "range",
    CASE WHEN wanted THEN content_range END AS content_range,
    CASE WHEN wanted THEN ranged END AS ranged,
    CASE WHEN wanted OR told THEN coalesce(nullif(agent, '(null)'), '') END AS agent,
    CASE WHEN wanted OR told THEN coalesce(nullif(address, '(null)'), '') END AS address,
    CASE WHEN told THEN referer END AS referer,
    CASE WHEN told THEN request_id END AS request_id,
    CASE WHEN wanted THEN continent END AS continent,
    CASE
        WHEN wanted AND TRY_CAST(rtt_us AS UBIGINT) < 10000000000
            THEN TRY_CAST(rtt_us AS UBIGINT)::BIGINT
    END AS rtt_us,
    CASE WHEN wanted THEN TRY_CAST(retransmits AS UINTEGER)::BIGINT END AS retransmits,
    mine,
    -- The path of a feed may be a secret.
    CASE WHEN mine AND NOT regexp_matches(path, $feed_path) THEN path END AS own_path,
    CASE WHEN mine THEN upper(nullif(nullif(method, ''), '(null)')) END AS own_method,
    CASE WHEN mine THEN continent END AS own_continent
FROM (
    SELECT
        *,
        -- What users' own metrics count.
        reason IS NULL AND NOT hop AND ({mine}) AS mine,
        -- What is worth reading.
        reason IS NULL AND NOT hop AND ({told}) AS told,
        reason IS NULL AND NOT hop
        AND (regexp_matches(path, $episode_path) OR regexp_matches(path, $feed_path)) AS wanted
    FROM ({requests})
)
