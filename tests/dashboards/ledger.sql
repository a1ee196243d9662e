SET TIME ZONE 'UTC';

-- Forty days of two shows: ten downloads an hour each, and none of `moraine` in the last six hours.
INSERT INTO nearfield.episodes (podcast, episode, title, audio_bytes, duration_seconds, published_at)
SELECT
    podcast, lpad(number::text, 3, '0'), podcast || ' ' || number, 50000000, 3600,
    date_trunc('hour', now()) - (15 - number) * interval '3 days'
FROM unnest(ARRAY['moraine', 'drumlinlane']) AS podcast, generate_series(1, 14) AS number;

-- All downloads of an hour go to the newest episode then, and to the first from before.
INSERT INTO nearfield.hours (episode_id, hour, downloads, requests, sent)
SELECT
    e.id, hour,
    CASE
        WHEN e.podcast = 'moraine' AND hour >= date_trunc('hour', now()) - interval '6 hours' THEN 0
        ELSE 5
    END,
    20, 300000000
FROM nearfield.episodes AS e
CROSS JOIN generate_series(
    date_trunc('hour', now()) - interval '40 days', date_trunc('hour', now()), interval '1 hour'
) AS hour
WHERE
    e.episode = '001'
    OR e.published_at = (
        SELECT max(n.published_at) FROM nearfield.episodes AS n
        WHERE n.podcast = e.podcast AND n.published_at <= hour AND n.episode <> '001'
    );

-- Each weekday has its own number, the same in all weeks.
INSERT INTO nearfield.countries (episode_id, day, country, downloads)
SELECT e.id, day, country, extract(ISODOW FROM day)
FROM nearfield.episodes AS e, unnest(ARRAY['DE', 'US', '']) AS country,
    generate_series(current_date - 40, current_date, interval '1 day') AS day;

INSERT INTO nearfield.apps (episode_id, day, app, downloads)
SELECT e.id, day, app, 7
FROM nearfield.episodes AS e, unnest(ARRAY['Overcast', 'Pocket Casts']) AS app,
    generate_series(current_date - 40, current_date, interval '1 day') AS day;

INSERT INTO nearfield.outcomes (podcast, hour, outcome, requests)
SELECT podcast, hour, outcome, 9
FROM unnest(ARRAY['moraine', 'drumlinlane']) AS podcast, unnest(ARRAY['counted', 'bot']) AS outcome,
    generate_series(now() - interval '3 days', now(), interval '1 hour') AS hour;

INSERT INTO nearfield.totals (episode_id, downloads, launch_1, launch_3, launch_7)
SELECT id, 900, 100, 200, 300 FROM nearfield.episodes;

INSERT INTO nearfield.days (day, key, count_window, written_at)
SELECT current_date, decode(repeat('00', 32), 'hex'), 'calendar', now();

INSERT INTO nearfield.deploys (
    service_id, spec_version, service, stack, image, digest, version, revision, deployer,
    started_at, ended_at, outcome, runs_image, runs_digest, runs_version
)
SELECT
    'web', '1', 'web', 'site', 'shop', 'sha256:1', 'v1', 'r1', 'ann',
    now() - interval '2 hours', now() - interval '1 hour', 'completed', 'shop', 'sha256:1', 'v1';

INSERT INTO nearfield.exceptions (
    service, stack, fingerprint, type, message, place, first_seen, last_seen, count, first_version
)
SELECT
    'web', 'site', 'f', 'ValueError', 'no <n>', 'app.py in pay', now() - interval '30 minutes',
    now(), 4, 'v1';
