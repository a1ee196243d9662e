-- Deploys: which version of which service ran when. Written by whoever watches an engine.

CREATE TABLE nearfield.deploys (
    service_id text NOT NULL,
    spec_version text NOT NULL,
    service text NOT NULL,
    stack text NOT NULL,
    image text NOT NULL,
    digest text NOT NULL,
    version text NOT NULL,
    revision text NOT NULL,
    deployer text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('found', 'completed', 'rolled_back', 'failed', 'abandoned')),
    problem text NOT NULL DEFAULT '',
    runs_image text,
    runs_digest text,
    runs_version text,
    announcer text,
    PRIMARY KEY (service_id, spec_version),
    CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    CHECK (outcome IS NOT NULL OR announcer IS NULL)
);
COMMENT ON TABLE nearfield.deploys IS
'One row a deploy, and one for what a service ran when it was first seen (outcome found).';
COMMENT ON COLUMN nearfield.deploys.service_id IS
'The id of a Swarm service; engine, project and service of Compose.';
COMMENT ON COLUMN nearfield.deploys.spec_version IS
'Names one change of a service, the same for everybody who watches it: so each has one row.';
COMMENT ON COLUMN nearfield.deploys.outcome IS
'NULL while it is under way.';
COMMENT ON COLUMN nearfield.deploys.runs_version IS
'What runs after it: the version before where it was rolled back; NULL while that is not known.';
COMMENT ON COLUMN nearfield.deploys.announcer IS
'The process that wrote how it ended: that one tells people, and no other.';

CREATE INDEX deploys_by_service ON nearfield.deploys (service, stack, started_at);

-- Which version ran when: one row for each stretch of time, the last one without an end.

CREATE VIEW nearfield.service_versions AS
SELECT
    d.service_id,
    d.service,
    d.stack,
    d.runs_version AS version,
    d.runs_image AS image,
    d.runs_digest AS digest,
    d.outcome,
    d.ended_at AS from_at,
    lead(d.ended_at) OVER (PARTITION BY d.service_id ORDER BY d.ended_at) AS until_at
FROM nearfield.deploys AS d
WHERE d.runs_version IS NOT NULL AND d.outcome <> 'abandoned';
COMMENT ON VIEW nearfield.service_versions IS
'Which version a service ran from when until when, as far as somebody watched it.';
