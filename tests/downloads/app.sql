-- A small app in the tables of the sample: each row is there for a case.

INSERT INTO podcasts
    (id, slug, name, status, download_count, subscribers, mastodon_token, inserted_at, updated_at)
VALUES
    (1, 'ship', 'Ship "It"', 2, 1234.5,
     '{"Overcast": 10, "Feedly": 7, "words": "12", "null": null, "minus": -1, "yes": true}',
     'TOKEN-SECRET', now(), now()),
    (2, 'tbd', 'To Be Done', 1, 0, NULL, NULL, now(), now()),
    (3, 'hush', 'Hush Title', 0, 99, '{"Overcast": 5}', NULL, now(), now()),
    (4, 'gone', 'Gone', 4, NULL, '[]', NULL, now(), now()),
    (5, 'mute', 'Mute Title', NULL, 1, NULL, NULL, now(), now());

INSERT INTO episodes
    (id, podcast_id, slug, title, type, published, published_at, audio_bytes, audio_duration,
     download_count, import_count, reach_count, inserted_at, updated_at)
VALUES
    -- ten minutes of its first day
    (1, 1, '1', 'One', 0, true, current_date - 10 + time '23:50', 50000000, 3600, 700.25, 100, 400,
     now(), now()),
    (2, 1, '2', 'Two', 1, true, current_date - 2, 0, NULL, 0, 0, NULL, now(), now()),
    (3, 1, '3', 'Scheduled Title', 0, true, now() + interval '1 day', 1, 1, 1, 0, 1, now(), now()),
    (4, 1, '4', 'Draft Title', 0, false, now() - interval '9 days', 1, 1, 1, 0, 1, now(), now()),
    (5, 1, '5', 'Dateless Title', 0, true, NULL, 1, 1, 1, 0, 1, now(), now()),
    (6, 1, '6', 'Endless Title', 0, true, '-infinity', 1, 1, 1, 0, 1, now(), now()),
    (7, 3, '1', 'Hushed Title', 0, true, now() - interval '9 days', 1, 1, 1, 0, 1, now(), now()),
    -- the slug of another show's episode
    (8, 4, '1', 'Old', 2, true, current_date - 400 + time '08:00', 1000, 60, NULL, 0, 9,
     now(), now()),
    (9, 4, '2', 'Uncounted', 7, true, current_date - 500, 1000, 60, 3, 0, 9, now(), now());

INSERT INTO episode_stats
    (date, episode_id, podcast_id, downloads, uniques, demographics, inserted_at, updated_at)
SELECT
    episodes.published_at::date + age,
    episodes.id,
    episodes.podcast_id,
    round((1000.0 / (age + 2))::numeric, 2)::float8,
    7,
    '{"agents": {"RAW-AGENT-SECRET": 1}, "countries": {"US": 1}}',
    now(),
    now()
FROM episodes
CROSS JOIN generate_series(-1, 300) AS ages (age)
WHERE
    episodes.id IN (1, 2, 3, 4, 7, 8)
    AND episodes.published_at::date + age < current_date
    -- nobody counted the first day of the second episode
    AND NOT (episodes.id = 2 AND age = 0);

INSERT INTO people (id, name, email, handle, auth_token, inserted_at, updated_at)
VALUES (1, 'NAME-SECRET', 'mail@secret.example', 'me', 'AUTH-SECRET', now(), now());

INSERT INTO feeds (name, slug, inserted_at, updated_at)
VALUES ('Private', 'FEED-SECRET', now(), now());

INSERT INTO subscriptions (podcast_id, unsubscribed_at, person_id, inserted_at, updated_at)
VALUES
    (1, NULL, 1, now(), now()),
    (1, NULL, 1, now(), now()),
    (1, now(), 1, now(), now()),
    (3, NULL, 1, now(), now()),
    (NULL, NULL, 1, now(), now());
