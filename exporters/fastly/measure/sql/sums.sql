-- Sums over all requests with labels as they come, in one pass. `bucket` is the number of upper
-- bounds that the duration is over; `ended` the second in which the request ended.
CREATE OR REPLACE TEMP TABLE sums AS
SELECT
    reason, hop, host, pop, status, "cache", protocol, is_ipv6, country, "error", bucket, ended,
    GROUPING_ID(status, bucket, protocol, ended) AS grouping,
    count(*) AS requests,
    sum(bytes)::BIGINT AS bytes,
    sum(took_us) AS took_us
FROM (
    SELECT
        reason,
        hop,
        coalesce(host, '') AS host,
        coalesce(pop, '') AS pop,
        status,
        coalesce("cache", '') AS "cache",
        bytes,
        coalesce(protocol, '') AS protocol,
        is_ipv6,
        coalesce(country, '') AS country,
        CASE
            WHEN "error" <> '' THEN "error"
            WHEN status >= 500 THEN 'http ' || status
        END AS "error",
        took_us,
        CASE WHEN took_us >= 0 THEN {bucket} END AS bucket,
        epoch_us(began) // 1000000 + coalesce(took_us, 0)::BIGINT // 1000000 AS ended
    FROM requests
)
GROUP BY GROUPING SETS (
    (reason, hop, host, pop, status, "cache", "error"),
    (reason, hop, host, "cache", bucket),
    (reason, hop, host, protocol, is_ipv6, country),
    (reason, hop, ended)
);
