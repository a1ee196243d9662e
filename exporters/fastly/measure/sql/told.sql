-- Requests worth reading, the worst first: errors of servers, errors of clients, slow ones, the
-- sample; where there are too many, always the same are left out. The time is that of the end, when
-- the line was written: Loki takes none that is an hour behind, and some downloads take longer.
SELECT
    agent,
    epoch_us(began)::BIGINT + coalesce(took_us, 0) AS us,
    method, path, status, took_us, bytes, host, "cache", pop, protocol, country,
    referer, request_id, "error", address, {slow} AS slow
FROM taken
WHERE told
ORDER BY status >= 500 DESC, status >= 400 DESC, slow DESC, us, path, request_id, address
LIMIT {limit};
