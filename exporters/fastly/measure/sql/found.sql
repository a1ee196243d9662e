-- What requests for audio and feeds are about: paths by day, user agents, and addresses; of these
-- all or, since an IPv4 address is its own client, only those of IPv6.
SELECT
    GROUPING_ID(path, agent, address) AS grouping,
    path,
    day::VARCHAR AS day,
    agent,
    address,
    bool_or(sound) AS sound
FROM (
    SELECT
        path,
        began::DATE AS day,
        agent,
        CASE WHEN $every_address OR address LIKE '%:%' THEN address END AS address,
        status IN (200, 206) AND bytes > 0 AS sound
    FROM taken
    WHERE wanted
)
GROUP BY GROUPING SETS ((path, day), (agent), (address));
