-- The facts as text for COPY, with TOUCHED_COLUMNS of the ledger, in blocks of lines; in the order
-- in which the ledger takes its locks.
SELECT string_agg(line, '' ORDER BY n) AS block
FROM (
    SELECT
        row_number() OVER (ORDER BY touched.day, touched.episode, listener) AS n,
        concat_ws(
            chr(9), touched.day, touched.episode, listener, coalesce(yesterday::VARCHAR, '\N'),
            first_at || '+00', last_at || '+00', requests, live, loose,
            '{' || coalesce(ranges, '') || '}', coalesce(code, ''), app,
            coalesce(size::VARCHAR, '\N'), needed,
            coalesce('{' || by_hour[2:-2] || '}', '\N'), coalesce('{' || touches || '}', '\N')
        ) || chr(10) AS line
    FROM touched
    JOIN people
        ON
            people.day = touched.day AND people.client = touched.client
            AND people.agent = touched.agent
    JOIN names ON names.number = people.number
    JOIN agents ON agents.number = touched.agent
    JOIN known ON known.id = touched.episode
    LEFT JOIN hourly
        ON
            hourly.day = touched.day AND hourly.episode = touched.episode
            AND hourly.client = touched.client AND hourly.agent = touched.agent
    LEFT JOIN countries ON countries.spelling = touched.country
)
GROUP BY n // 5000
ORDER BY n // 5000;
