-- How fast listeners get their file, by continent: answers that are long enough to tell.
SELECT
    continent,
    {bucket} AS bucket,
    count(*)::BIGINT AS answers,
    sum(speed) AS total
FROM (
    SELECT
        coalesce(
            (SELECT code FROM continents WHERE code = audio.continent),
            (SELECT countries.continent FROM countries WHERE spelling = audio.country),
            ''
        ) AS continent,
        bytes * 1e6 / took_us AS speed
    FROM audio
    WHERE outcome = 'valid' AND bytes >= 65536 AND took_us >= 1
)
GROUP BY ALL;
