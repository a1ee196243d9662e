-- Every request for audio with its outcome: PTMG 5.5.2; the order of the cases decides where two
-- fit. Requests for shows that never had an episode are left out; `episode` is the ledger's id,
-- NULL for a path of a show that never was an episode.
CREATE OR REPLACE TEMP TABLE audio AS
SELECT
    w.began, w.status, w.bytes, w.took_us, w."range", w.content_range, w.ranged,
    upper(trim(coalesce(w.country, ''))) AS country,
    upper(w.continent) AS continent,
    paths.podcast,
    known.id AS episode,
    known.size,
    agents.number AS agent,
    clients.client,
    w.began >= $live_from::TIMESTAMP AS live,
    CASE
        WHEN w.method = 'HEAD' OR (w.method IS NULL AND w.status = 200 AND w.bytes = 0) THEN 'head'
        WHEN w.status = 304 THEN 'not_modified'
        WHEN
            replace(w."range", ' ', '') = 'bytes=0-1'
            OR w.content_range LIKE 'bytes 0-1/%'
            OR (NOT w.ranged AND w.status = 206 AND w.bytes <= 2)
            THEN 'probe'
        WHEN agents.kind = 'bot' OR clients.network = 'bot' THEN 'bot'
        WHEN agents.kind = 'watch' THEN 'watch'
        WHEN clients.network = 'datacenter' THEN 'datacenter'
        WHEN w.status BETWEEN 300 AND 399 THEN 'redirect'
        WHEN w.status NOT IN (200, 206) OR w.method <> 'GET' THEN 'error'
        ELSE 'valid'
    END AS outcome
FROM wanted AS w
JOIN paths ON paths.path = w.path
JOIN shows ON shows.podcast = paths.podcast
LEFT JOIN known ON known.podcast = paths.podcast AND known.episode = paths.episode
JOIN agents ON agents.agent = w.agent
JOIN clients ON clients.address = w.address
ANTI JOIN closed ON closed.podcast = paths.podcast AND closed.day = w.began::DATE;
