-- What each client with one user agent got of each episode on each day. The single requests are
-- kept where a window rolls: time in microseconds, low (-1: not known), high (or bytes).
CREATE OR REPLACE TEMP TABLE touched AS
SELECT
    day, episode, client, agent,
    min(began) AS first_at,
    max(began) AS last_at,
    count(*) AS requests,
    count(*) FILTER (live) AS live,
    sum(loose)::BIGINT AS loose,
    string_agg('[' || low || ',' || high || ')', ',') FILTER (high > low) AS ranges,
    CASE WHEN getvariable('rolling') THEN
        string_agg(
            epoch_us(began) || ',' || coalesce(low, -1) || ','
            || greatest(low, coalesce(high, bytes)), ','
        )
    END AS touches,
    max(country) AS country
FROM delivered
GROUP BY day, episode, client, agent;

CREATE OR REPLACE TEMP TABLE people AS
SELECT row_number() OVER () AS number, day, client, agent
FROM (SELECT DISTINCT day, client, agent FROM touched);

-- Requests at each hour of the day, of those whose requests are not all in one hour.
CREATE OR REPLACE TEMP TABLE hourly AS
SELECT
    day, episode, client, agent,
    list_transform(
        range(24), lambda h: len(list_filter(hours, lambda found: found = h))
    )::VARCHAR AS by_hour
FROM (
    SELECT day, episode, client, agent, list(hour(began)) AS hours
    FROM delivered
    SEMI JOIN (
        FROM touched WHERE date_trunc('hour', first_at) <> date_trunc('hour', last_at)
    ) USING (day, episode, client, agent)
    GROUP BY day, episode, client, agent
);
