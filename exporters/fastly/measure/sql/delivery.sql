-- How audio gets to listeners, as observations in buckets: speed of answers that are long enough to
-- tell; the round trip, and packets sent again, as TCP knows them (of QUIC the CDN tells zeros).
WITH answers AS (
    SELECT
        continent, country,
        CASE WHEN bytes >= 65536 AND took_us >= 1 THEN bytes * 1e6 / took_us END AS speed,
        nullif(rtt_us, 0) AS rtt_us,
        CASE WHEN rtt_us IS DISTINCT FROM 0 THEN retransmits END AS retransmits
    FROM audio
    WHERE outcome = 'valid'
)
SELECT
    'speed' AS what, continent, country, {speed} AS bucket, count(*) AS n, sum(speed) AS total
FROM answers
WHERE speed IS NOT NULL
GROUP BY ALL
UNION ALL
SELECT 'round_trip', continent, country, {round_trip} AS bucket, count(*), sum(rtt_us) / 1e6
FROM answers
WHERE rtt_us IS NOT NULL
GROUP BY ALL
UNION ALL
SELECT 'retransmits', continent, country, {retransmits} AS bucket, count(*), sum(retransmits)::DOUBLE
FROM answers
WHERE retransmits IS NOT NULL
GROUP BY ALL;
