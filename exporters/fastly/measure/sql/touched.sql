-- What each client with one user agent got of each episode on each day. A chunk of lines has as
-- many rows here as people; only then is a person's name made, and thrown away with the key.
CREATE OR REPLACE TEMP TABLE touched AS
SELECT
    day, episode, client, agent,
    min(began) AS first_at,
    max(began) AS last_at,
    count(*) AS requests,
    count(*) FILTER (live) AS live,
    sum(loose)::BIGINT AS loose,
    string_agg('[' || low || ',' || high || ')', ',') FILTER (high > low) AS ranges,
    max(country) AS country
FROM delivered
GROUP BY day, episode, client, agent;
