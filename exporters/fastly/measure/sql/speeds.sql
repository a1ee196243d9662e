-- How fast listeners get their file: answers that are long enough to tell.
SELECT continent, country, {bucket} AS bucket, count(*) AS answers, sum(speed) AS total
FROM (
    SELECT continent, country, bytes * 1e6 / took_us AS speed
    FROM audio
    WHERE outcome = 'valid' AND bytes >= 65536 AND took_us >= 1
)
GROUP BY ALL;
