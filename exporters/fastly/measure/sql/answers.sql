-- Requests by the hour in which they ended, with labels as they come.
SELECT ended // 3600 AS hour, host, pop, status, "cache", count(*) AS requests
FROM taken
WHERE reason IS NULL AND NOT hop
GROUP BY ALL;
