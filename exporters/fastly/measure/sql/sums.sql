-- Sums over all requests, with labels as they come, in one pass.
SELECT
    GROUPING_ID(status, bucket, protocol, ended) AS grouping,
    host, pop, status, "cache", "error", bucket, protocol, is_ipv6, country, ended,
    count(*) AS requests,
    sum(bytes)::BIGINT AS bytes,
    sum(took_us)::DOUBLE AS took_us
FROM taken
WHERE reason IS NULL AND NOT hop
GROUP BY GROUPING SETS (
    (host, pop, status, "cache", "error"),
    (host, "cache", bucket),
    (host, protocol, is_ipv6, country),
    (ended)
);
