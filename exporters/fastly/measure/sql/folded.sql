-- The sums of what is counted, with hosts that have no label value of their own as `other`.
CREATE OR REPLACE TEMP VIEW folded AS
SELECT
    * REPLACE (
        CASE
            WHEN host = '' OR host IN (SELECT host FROM admitted) THEN host
            ELSE 'other'
        END AS host
    )
FROM sums
WHERE reason IS NULL AND NOT hop;
