-- Those whose names are to be made: one row for each client with one user agent on a day.
CREATE OR REPLACE TEMP TABLE people AS
SELECT row_number() OVER () AS number, day, client, agent
FROM (SELECT DISTINCT day, client, agent FROM touched);
