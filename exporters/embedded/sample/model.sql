-- What the app does not know and the arithmetic of the sample needs, out of the app's way in a
-- schema of its own: it makes later days (advance) the same as they would have been from the
-- start.

CREATE SCHEMA sample;

-- One row: the day on which the sample was made, its seed, and the first day for which there are no
-- stats yet.
CREATE TABLE sample.made (
    born date NOT NULL,
    seed bigint NOT NULL,
    next_day date NOT NULL
);

-- An episode's audience; days from first_day to last_day have stats. sent_bytes is what a download
-- sends, which is more than episode_bytes where the app lost the size.
CREATE TABLE sample.curves (
    episode_id integer PRIMARY KEY,
    podcast_id integer NOT NULL,
    episode_bytes integer NOT NULL,
    sent_bytes double precision NOT NULL,
    published_on date NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    scale double precision NOT NULL,
    tail double precision NOT NULL,
    growth double precision NOT NULL,
    first_day_factor double precision NOT NULL
);

-- Weekday, season and outage in one factor a day; whether demographics name countries that day (1)
-- or give their codes (0); when the app counted the day, and when it counted it again.
CREATE TABLE sample.days (
    day date PRIMARY KEY,
    factor double precision NOT NULL,
    named integer NOT NULL,
    counted_at timestamp(0) NOT NULL,
    restated_at timestamp(0) NOT NULL
);

-- How a day's downloads split over user agents (a1 to a8) and countries (c1 to c8): a template for
-- format() and the shares that fill it; unused shares are 0.
CREATE TABLE sample.splits (
    id integer PRIMARY KEY,
    template text NOT NULL,
    a1 double precision NOT NULL,
    a2 double precision NOT NULL,
    a3 double precision NOT NULL,
    a4 double precision NOT NULL,
    a5 double precision NOT NULL,
    a6 double precision NOT NULL,
    a7 double precision NOT NULL,
    a8 double precision NOT NULL,
    c1 double precision NOT NULL,
    c2 double precision NOT NULL,
    c3 double precision NOT NULL,
    c4 double precision NOT NULL,
    c5 double precision NOT NULL,
    c6 double precision NOT NULL,
    c7 double precision NOT NULL,
    c8 double precision NOT NULL
);

-- The demographics of a day with so many downloads, in hundredths, each share rounded to 2 places
-- as the app does.
CREATE FUNCTION sample.demographics(cents bigint, split sample.splits) RETURNS jsonb
LANGUAGE sql STABLE
RETURN format(
    split.template,
    round(cents * split.a1) / 100, round(cents * split.a2) / 100,
    round(cents * split.a3) / 100, round(cents * split.a4) / 100,
    round(cents * split.a5) / 100, round(cents * split.a6) / 100,
    round(cents * split.a7) / 100, round(cents * split.a8) / 100,
    round(cents * split.c1) / 100, round(cents * split.c2) / 100,
    round(cents * split.c3) / 100, round(cents * split.c4) / 100,
    round(cents * split.c5) / 100, round(cents * split.c6) / 100,
    round(cents * split.c7) / 100, round(cents * split.c8) / 100
)::jsonb;

-- Demographics made ahead for days with few downloads, which are nearly all days.
CREATE TABLE sample.quiet (
    cents bigint NOT NULL,
    split_id integer NOT NULL,
    demographics jsonb NOT NULL,
    PRIMARY KEY (cents, split_id)
);

-- Who fetches which feed: one of podcast_id and feed_id is set.
CREATE TABLE sample.readers (
    podcast_id bigint,
    feed_id bigint,
    since date NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    raw text NOT NULL,
    requests double precision NOT NULL
);
