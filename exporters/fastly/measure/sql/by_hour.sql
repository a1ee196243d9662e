-- Valid requests by the hour, of those whose requests are not all in one hour.
SELECT
    spread.day, spread.episode, spread.client, spread.agent,
    hour(audio.began) AS hour,
    count(*) AS requests
FROM audio
JOIN spread
    ON
        spread.day = audio.began::DATE::VARCHAR
        AND spread.episode = audio.episode
        AND spread.client = audio.client
        AND spread.agent = audio.agent
WHERE audio.outcome = 'valid'
GROUP BY ALL;
