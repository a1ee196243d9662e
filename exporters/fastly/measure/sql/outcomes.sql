-- What adds up whoever listened: requests by what became of them, bytes of bodies but those of 301
-- and 404; for feeds by user agent, with the time of the last one.
SELECT
    epoch_us(date_trunc('hour', began)) // 1000000 AS hour,
    podcast,
    episode,
    outcome,
    live,
    CASE WHEN outcome = 'feed' THEN agent END AS agent,
    count(*)::BIGINT AS requests,
    sum(CASE WHEN status IN (301, 404) THEN 0 ELSE bytes END)::BIGINT AS sent,
    max(epoch_us(began)) // 1000000 AS last_at
FROM audio
GROUP BY ALL;
