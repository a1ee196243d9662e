-- The sums, with hosts that have no label value of their own as `other`.
CREATE OR REPLACE TEMP VIEW folded AS
SELECT
    * REPLACE (
        CASE
            WHEN coalesce(host, '') IN ('', '(null)') THEN ''
            WHEN lower(host) IN (SELECT host FROM admitted) THEN lower(host)
            ELSE 'other'
        END AS host
    )
FROM sums;
