-- Where a segment's facts wait inside its transaction. Empty again after each.
CREATE TEMPORARY TABLE IF NOT EXISTS touched (
    day date NOT NULL,
    episode_id integer NOT NULL,
    listener bigint NOT NULL,
    yesterday bigint,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    requests integer NOT NULL,
    live integer NOT NULL,
    loose bigint NOT NULL,
    ranges int8multirange NOT NULL,
    country text NOT NULL,
    app text NOT NULL,
    size bigint,
    needed bigint NOT NULL,
    by_hour integer [],
    touches bigint []
) ON COMMIT DELETE ROWS;

-- Rows of listeners that are there already, locked, as they were.
CREATE TEMPORARY TABLE IF NOT EXISTS held (
    LIKE nearfield.listeners
) ON COMMIT DELETE ROWS;

-- What becomes of them, and of the new ones: a row of listeners, and what it was.
CREATE TEMPORARY TABLE IF NOT EXISTS merged (
    LIKE nearfield.listeners,
    existed boolean NOT NULL,
    was_counted_at timestamptz,
    was_tenths smallint NOT NULL,
    last_at timestamptz NOT NULL,
    requests integer NOT NULL,
    live integer NOT NULL,
    by_hour integer []
) ON COMMIT DELETE ROWS;

-- The changed rows by what they change: `step` is 1 where they became downloads, -1 where they are
-- none any more; `live` are those of their requests that are live, `is_live` says it of downloads.
CREATE TEMPORARY TABLE IF NOT EXISTS changed (
    episode_id integer NOT NULL,
    hour timestamptz NOT NULL,
    outcome text NOT NULL,
    step_hour timestamptz,
    step integer NOT NULL,
    is_live boolean,
    rows bigint NOT NULL,
    requests bigint NOT NULL,
    live bigint NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS new_downloads (
    episode_id integer NOT NULL,
    hour timestamptz NOT NULL,
    country text NOT NULL,
    app text NOT NULL,
    launch smallint,
    n integer NOT NULL,
    live integer NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS new_tenths (
    episode_id integer NOT NULL,
    bits integer NOT NULL,
    n integer NOT NULL,
    live integer NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS new_hours (
    episode_id integer NOT NULL,
    hour timestamptz NOT NULL,
    requests bigint NOT NULL,
    sent bigint NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS new_outcomes (
    podcast text NOT NULL,
    hour timestamptz NOT NULL,
    outcome text NOT NULL,
    n bigint NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS new_counts (
    family text NOT NULL,
    podcast text NOT NULL,
    label text NOT NULL,
    n bigint NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMPORARY TABLE IF NOT EXISTS new_readers (
    podcast text NOT NULL,
    app text NOT NULL,
    reader text NOT NULL,
    subscribers bigint NOT NULL,
    seen_at timestamptz NOT NULL
) ON COMMIT DELETE ROWS;
