-- Every request for a show's audio with its outcome (PTMG 5.5.2; the order of the cases decides
-- where two fit), and every answered one for its feed. `episode` is the ledger's id, NULL for a path
-- of a show that never was an episode.
CREATE OR REPLACE TEMP TABLE audio AS
SELECT
    w.began, w.status, w.bytes, w.took_us, w."range", w.content_range, w.ranged, w.country,
    w.continent, w.rtt_us, w.retransmits,
    paths.podcast,
    paths.episode,
    paths.size,
    agents.number AS agent,
    coalesce(clients.client, w.address) AS client,
    w.began >= $live_from::TIMESTAMP AS live,
    CASE
        WHEN paths.is_feed
            THEN CASE
                WHEN w.status IN (200, 304) AND coalesce(w.method, 'GET') = 'GET' THEN 'feed'
                ELSE 'none'
            END
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
FROM taken AS w
JOIN paths ON paths.path = w.path
JOIN agents ON agents.agent = w.agent
LEFT JOIN clients ON clients.address = w.address
WHERE
    w.wanted
    AND NOT (
        len($closed::VARCHAR[]) > 0
        AND list_contains($closed::VARCHAR[], w.began::DATE || ' ' || paths.podcast)
    );
