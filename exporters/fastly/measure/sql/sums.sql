-- Sums over all requests, with labels as they come, in one pass.
CREATE OR REPLACE TEMP TABLE sums AS
SELECT
    host, pop, status, "cache", protocol, is_ipv6, country, "error", bucket, ended,
    GROUPING_ID(status, bucket, protocol, ended) AS grouping,
    count(*) AS requests,
    sum(bytes)::BIGINT AS bytes,
    sum(took_us) AS took_us
FROM taken
WHERE reason IS NULL AND NOT hop
GROUP BY GROUPING SETS (
    (host, pop, status, "cache", "error"),
    (host, "cache", bucket),
    (host, protocol, is_ipv6, country),
    (ended)
);
