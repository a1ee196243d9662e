-- The ledger: PostgreSQL 14 or newer. Times are UTC throughout.

-- Episodes: written by whoever knows them, and by whoever hears of one first.

CREATE TABLE nearfield.episodes (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    podcast text NOT NULL,
    episode text NOT NULL,
    title text,
    audio_bytes bigint CHECK (audio_bytes > 0),
    duration_seconds double precision CHECK (duration_seconds > 0),
    published_at timestamptz,
    seen_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (podcast, episode)
);
COMMENT ON TABLE nearfield.episodes IS
'Episodes with the size of their file and their duration; both are NULL where nobody told them.';
COMMENT ON COLUMN nearfield.episodes.seen_at IS
'When the ledger first heard of it: stands in for published_at where that is not known.';

-- Days. A day without a key is closed: nobody can be recognised in it any more.

CREATE TABLE nearfield.days (
    day date PRIMARY KEY,
    key bytea CHECK (octet_length(key) = 32),
    count_window text NOT NULL
        CHECK (count_window IN ('calendar', 'first-touch', 'last-touch')),
    written_at timestamptz NOT NULL,
    closed_at timestamptz,
    CHECK ((key IS NULL) = (closed_at IS NOT NULL))
);
COMMENT ON TABLE nearfield.days IS
'UTC days that took lines. The key makes names of listeners; it is destroyed when the day closes.';

CREATE TABLE nearfield.show_days (
    day date NOT NULL,
    podcast text NOT NULL,
    closed boolean NOT NULL DEFAULT false,
    PRIMARY KEY (day, podcast)
);
COMMENT ON TABLE nearfield.show_days IS
'Which shows have lines on a day. A closed one takes no more.';

-- Listeners: one row for each listener, episode and day; a partition a day, dropped with its key.

CREATE TABLE nearfield.listeners (
    day date NOT NULL,
    episode_id integer NOT NULL,
    listener bigint NOT NULL,
    yesterday bigint,
    first_at timestamptz NOT NULL,
    counted_at timestamptz,
    window_ends timestamptz,
    loose bigint NOT NULL,
    ranges int8multirange NOT NULL,
    tenths smallint NOT NULL,
    country text NOT NULL,
    app text NOT NULL,
    touches bigint [],
    PRIMARY KEY (day, episode_id, listener)
) PARTITION BY LIST (day);
COMMENT ON TABLE nearfield.listeners IS
'What each listener got of an episode on a day, while the day can still change.';
COMMENT ON COLUMN nearfield.listeners.listener IS
'Keyed hash of address (IPv6: its /64) and user agent, under the key of the day.';
COMMENT ON COLUMN nearfield.listeners.yesterday IS
'The same listener under the key of the day before; only where windows roll.';
COMMENT ON COLUMN nearfield.listeners.counted_at IS
'When the window of its download began; NULL while it is no download.';
COMMENT ON COLUMN nearfield.listeners.window_ends IS
'When the last window that is open in this day ends; only where windows roll.';
COMMENT ON COLUMN nearfield.listeners.loose IS
'Bytes from log formats that do not say which part of the file they are.';
COMMENT ON COLUMN nearfield.listeners.tenths IS
'Bit n: the tenth n + 1 of the file was delivered whole.';
COMMENT ON COLUMN nearfield.listeners.touches IS
'Requests as time in microseconds, first byte (-1: not known), byte after the last (or bytes).';

-- What is kept for ever.

CREATE TABLE nearfield.hours (
    episode_id integer NOT NULL REFERENCES nearfield.episodes,
    hour timestamptz NOT NULL,
    downloads integer NOT NULL DEFAULT 0,
    requests integer NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (episode_id, hour)
);
CREATE INDEX hours_by_hour ON nearfield.hours (hour);

CREATE TABLE nearfield.countries (
    episode_id integer NOT NULL REFERENCES nearfield.episodes,
    day date NOT NULL,
    country text NOT NULL,
    downloads integer NOT NULL,
    PRIMARY KEY (episode_id, day, country)
);
CREATE INDEX countries_by_day ON nearfield.countries (day);

CREATE TABLE nearfield.apps (
    episode_id integer NOT NULL REFERENCES nearfield.episodes,
    day date NOT NULL,
    app text NOT NULL,
    downloads integer NOT NULL,
    PRIMARY KEY (episode_id, day, app)
);
CREATE INDEX apps_by_day ON nearfield.apps (day);

CREATE TABLE nearfield.outcomes (
    podcast text NOT NULL,
    hour timestamptz NOT NULL,
    outcome text NOT NULL,
    requests integer NOT NULL,
    PRIMARY KEY (podcast, hour, outcome)
);
CREATE INDEX outcomes_by_hour ON nearfield.outcomes (hour);

CREATE TABLE nearfield.totals (
    episode_id integer PRIMARY KEY REFERENCES nearfield.episodes,
    downloads bigint NOT NULL DEFAULT 0,
    requests bigint NOT NULL DEFAULT 0,
    sent bigint NOT NULL DEFAULT 0,
    launch_1 integer NOT NULL DEFAULT 0,
    launch_3 integer NOT NULL DEFAULT 0,
    launch_7 integer NOT NULL DEFAULT 0,
    launch_30 integer NOT NULL DEFAULT 0,
    launch_90 integer NOT NULL DEFAULT 0,
    tenths bigint [] NOT NULL DEFAULT array_fill(0::bigint, ARRAY[10])
);
COMMENT ON TABLE nearfield.totals IS
'All-time sums of each episode, so that nobody has to add up hours. launch_n are downloads within n
days of publication, by the hour; tenths are how many listeners got each tenth of the file.';

-- Counters that outlive processes. Each worker has its own rows, so that none waits for another.

CREATE TABLE nearfield.counters (
    family text NOT NULL,
    podcast text NOT NULL,
    label text NOT NULL,
    worker text NOT NULL,
    value bigint NOT NULL,
    peak bigint NOT NULL,
    PRIMARY KEY (family, podcast, label, worker)
);
COMMENT ON TABLE nearfield.counters IS
'What the live counters of podcast_* have counted. `peak` is what is shown: where a late line joins
two windows into one, `value` steps back, and the counter waits until it has caught up.';

CREATE TABLE nearfield.readers (
    podcast text NOT NULL,
    app text NOT NULL,
    reader text NOT NULL,
    subscribers integer NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (podcast, app, reader)
);
COMMENT ON TABLE nearfield.readers IS
'Feed readers that fetch once for many, with the number of people they say they read for.';

-- What was counted already.

CREATE TABLE nearfield.segments (
    id text PRIMARY KEY,
    recorded_at timestamptz NOT NULL
);
CREATE TABLE nearfield.batches (
    digest text PRIMARY KEY,
    counted_at timestamptz NOT NULL
);
CREATE INDEX batches_by_time ON nearfield.batches (counted_at);
CREATE TABLE nearfield.files (
    digest text PRIMARY KEY,
    name text NOT NULL,
    lines bigint NOT NULL,
    recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE nearfield.segments IS 'Segments that are in the ledger; forgotten after 90 days.';
COMMENT ON TABLE nearfield.batches IS 'Digests of batches of the last 24 hours.';
COMMENT ON TABLE nearfield.files IS 'Archived files that were counted, by the digest of their content.';

-- For anybody with SQL. Downloads are valid unique downloads (PTMG 5.5) by the window of their day,
-- in the hour in which that window began.

CREATE VIEW nearfield.episode_hours AS
SELECT
    e.podcast, e.episode, h.hour, h.downloads, h.requests, h.sent AS bytes
FROM nearfield.hours AS h
INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id;
COMMENT ON VIEW nearfield.episode_hours IS
'Downloads, requests for audio and bytes sent of each episode by UTC hour. Hours without requests
have no row. Kept for ever.';
COMMENT ON COLUMN nearfield.episode_hours.downloads IS
'Valid unique downloads whose window began in the hour.';
COMMENT ON COLUMN nearfield.episode_hours.requests IS
'All requests for audio that began in the hour, whatever became of them.';
COMMENT ON COLUMN nearfield.episode_hours.bytes IS
'Bytes of bodies, those of status 301 and 404 left out, bots included.';

CREATE VIEW nearfield.episode_days AS
SELECT
    e.podcast,
    e.episode,
    (h.hour AT TIME ZONE 'UTC')::date AS day,
    sum(h.downloads)::bigint AS downloads,
    sum(h.downloads)::bigint AS listeners,
    sum(h.requests)::bigint AS requests,
    sum(h.sent)::bigint AS bytes,
    round(sum(h.sent) / max(e.audio_bytes), 2) AS file_equivalents
FROM nearfield.hours AS h
INNER JOIN nearfield.episodes AS e ON e.id = h.episode_id
GROUP BY e.podcast, e.episode, day;
COMMENT ON VIEW nearfield.episode_days IS
'The same by UTC day. Kept for ever.';
COMMENT ON COLUMN nearfield.episode_days.listeners IS
'Distinct listeners with a download on that day; no window is shorter than a day, so that each has
one download of an episode.';
COMMENT ON COLUMN nearfield.episode_days.file_equivalents IS
'Bytes divided by the size of the file: what platforms count that do not know listeners.';

CREATE VIEW nearfield.episode_countries AS
SELECT e.podcast, e.episode, c.day, c.country, c.downloads
FROM nearfield.countries AS c
INNER JOIN nearfield.episodes AS e ON e.id = c.episode_id
WHERE c.downloads <> 0;
COMMENT ON VIEW nearfield.episode_countries IS
'Downloads of each episode by UTC day and country (ISO 3166 code; empty where it is not known).
Kept for ever.';

CREATE VIEW nearfield.episode_apps AS
SELECT e.podcast, e.episode, a.day, a.app, a.downloads
FROM nearfield.apps AS a
INNER JOIN nearfield.episodes AS e ON e.id = a.episode_id
WHERE a.downloads <> 0;
COMMENT ON VIEW nearfield.episode_apps IS
'Downloads of each episode by UTC day and app. Kept for ever.';

-- Which tenths of a file were delivered whole, as bits. Simple enough to be inlined.

CREATE FUNCTION nearfield.tenths_of(ranges int8multirange, loose bigint, size bigint)
RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    -- Bytes of which no range is known are taken for the beginning of the file.
    ((1 << least(loose * 10 / size, 10)::integer) - 1)
    | (ranges @> int8range(0, size / 10))::integer
    | ((ranges @> int8range(size / 10, size * 2 / 10))::integer << 1)
    | ((ranges @> int8range(size * 2 / 10, size * 3 / 10))::integer << 2)
    | ((ranges @> int8range(size * 3 / 10, size * 4 / 10))::integer << 3)
    | ((ranges @> int8range(size * 4 / 10, size * 5 / 10))::integer << 4)
    | ((ranges @> int8range(size * 5 / 10, size * 6 / 10))::integer << 5)
    | ((ranges @> int8range(size * 6 / 10, size * 7 / 10))::integer << 6)
    | ((ranges @> int8range(size * 7 / 10, size * 8 / 10))::integer << 7)
    | ((ranges @> int8range(size * 8 / 10, size * 9 / 10))::integer << 8)
    | ((ranges @> int8range(size * 9 / 10, size))::integer << 9)
)::smallint;

-- The shortest launch window that a download belongs to: 1, 3, 7, 30 or 90 days after publication;
-- NULL for later ones, and for those before the UTC day of publication.
CREATE FUNCTION nearfield.launch_of(began timestamptz, published_at timestamptz)
RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN began < date_trunc('day', published_at, 'UTC') THEN NULL
    WHEN began < published_at + interval '24 hours' THEN 1
    WHEN began < published_at + interval '72 hours' THEN 3
    WHEN began < published_at + interval '168 hours' THEN 7
    WHEN began < published_at + interval '720 hours' THEN 30
    WHEN began < published_at + interval '2160 hours' THEN 90
END::smallint;
