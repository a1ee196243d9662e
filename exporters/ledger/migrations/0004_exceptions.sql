-- Exceptions: what went wrong in whose code, since when, how often, since which version.

CREATE TABLE nearfield.exceptions (
    service text NOT NULL,
    stack text NOT NULL,
    fingerprint text NOT NULL,
    type text NOT NULL,
    message text NOT NULL,
    place text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    first_version text,
    PRIMARY KEY (service, stack, fingerprint),
    CHECK (first_seen <= last_seen)
);
COMMENT ON TABLE nearfield.exceptions IS
'One row for each kind of exception of a service; of each service those that were seen last.';
COMMENT ON COLUMN nearfield.exceptions.fingerprint IS
'Made of type, message and place: the same for the same mistake, whatever numbers it was made with.';
COMMENT ON COLUMN nearfield.exceptions.message IS
'Its first line, without what varies: a sign such as <n> or <text> stands in the place of a value.';
COMMENT ON COLUMN nearfield.exceptions.place IS
'File and function, or function alone, of the innermost own frame; without the line, which moves.';
COMMENT ON COLUMN nearfield.exceptions.first_version IS
'What was deployed when it was first seen: the deploy then under way, else what ran. NULL: unknown.';

CREATE INDEX exceptions_by_first_seen ON nearfield.exceptions (first_seen);

-- Counts that arrive a second time, since the first answer was lost, are not added again.

CREATE TABLE nearfield.exception_writers (
    writer text PRIMARY KEY,
    batch bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE nearfield.exception_writers IS
'The last batch of exceptions that each process wrote; forgotten when it has long been silent.';

-- Which version is to be asked about what began at a moment. A deploy that was under way is named
-- rather than what it was to replace, also where it was rolled back later.

CREATE FUNCTION nearfield.version_deployed(of_service text, of_stack text, at_time timestamptz)
RETURNS text
LANGUAGE sql
STABLE
AS $$
    SELECT coalesce(
        (
            SELECT d.version
            FROM nearfield.deploys AS d
            WHERE
                d.service = of_service
                AND d.stack = of_stack
                AND d.started_at <= at_time
                AND (d.ended_at IS NULL OR d.ended_at > at_time)
            ORDER BY d.started_at DESC
            LIMIT 1
        ),
        (
            SELECT v.version
            FROM nearfield.service_versions AS v
            WHERE
                v.service = of_service
                AND v.stack = of_stack
                AND v.from_at <= at_time
                AND (v.until_at IS NULL OR v.until_at > at_time)
            ORDER BY v.from_at DESC
            LIMIT 1
        )
    )
$$;
COMMENT ON FUNCTION nearfield.version_deployed IS
'The version of a service whose deploy was under way at a moment, else the one that ran; or NULL.';

-- What a dashboard lists as new since the last deploy.

CREATE VIEW nearfield.new_exceptions AS
SELECT
    e.service,
    e.stack,
    d.version,
    d.started_at AS deployed_at,
    e.type,
    e.message,
    e.place,
    e.first_seen,
    e.last_seen,
    e.count,
    e.first_version,
    e.fingerprint
FROM nearfield.exceptions AS e
INNER JOIN (
    SELECT DISTINCT ON (service, stack)
        service,
        stack,
        version,
        started_at,
        outcome
    FROM nearfield.deploys
    ORDER BY service ASC, stack ASC, started_at DESC
) AS d USING (service, stack)
WHERE e.first_seen >= d.started_at AND d.outcome IS DISTINCT FROM 'found';
COMMENT ON VIEW nearfield.new_exceptions IS
'Exceptions first seen after the last deploy of their service began. What a service ran when it was
first watched is no deploy: what was there before it nobody knows.';
