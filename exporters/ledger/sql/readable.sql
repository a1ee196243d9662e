-- What people and dashboards may read: sums and facts, never who listened. Whoever is a member of
-- the role nearfield_ledger_reader, where the server has one, may read these and nothing else: a
-- table that is not named here stays closed, also one that a later migration adds.
DO $$
BEGIN
    IF to_regrole('nearfield_ledger_reader') IS NULL THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA nearfield TO nearfield_ledger_reader;
    GRANT SELECT ON
        nearfield.episode_hours,
        nearfield.episode_days,
        nearfield.episode_countries,
        nearfield.episode_apps,
        nearfield.service_versions,
        nearfield.new_exceptions,
        nearfield.episodes,
        nearfield.hours,
        nearfield.countries,
        nearfield.apps,
        nearfield.outcomes,
        nearfield.totals,
        nearfield.deploys,
        nearfield.exceptions
    TO nearfield_ledger_reader;
    -- Without `key`, under which listeners of the day could be recognised.
    GRANT SELECT (day, count_window, written_at, closed_at)
    ON nearfield.days TO nearfield_ledger_reader;
END
$$
