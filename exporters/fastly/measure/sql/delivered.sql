-- Valid requests with what they delivered of the file: [low, high) where the format says which
-- part, else `loose` bytes of it. An answer 200 begins at 0, whatever was asked for.
CREATE OR REPLACE TEMP VIEW delivered AS
SELECT
    *,
    CASE
        WHEN span.last <> '' THEN least(low + bytes, TRY_CAST(span.last AS BIGINT) + 1)
        ELSE low + bytes
    END AS high,
    CASE WHEN low IS NULL THEN bytes ELSE 0 END AS loose
FROM (
    SELECT
        *,
        CASE
            WHEN NOT ranged THEN NULL
            WHEN status = 200 THEN 0
            WHEN span.first <> '' THEN TRY_CAST(span.first AS BIGINT)
            WHEN asked.first <> '' THEN TRY_CAST(asked.first AS BIGINT)
            WHEN asked.suffix <> '' THEN greatest(size - TRY_CAST(asked.suffix AS BIGINT), 0)
        END AS low
    FROM (
        SELECT
            *,
            began::DATE AS day,
            regexp_extract(
                content_range, '^bytes ([0-9]{1,15})-([0-9]{1,15})/', ['first', 'last']
            ) AS span,
            CASE WHEN content_range IS NULL OR content_range = '' THEN
                regexp_extract(
                    "range", '^bytes= ?(?:([0-9]{1,15})-[0-9]*|-([0-9]{1,15}))$',
                    ['first', 'suffix']
                )
            END AS asked
        FROM audio
        WHERE outcome = 'valid' AND episode IS NOT NULL
    )
);
