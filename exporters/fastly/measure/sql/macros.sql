-- Raw values to label values: each a short list, whatever a line says.

-- A node's name holds its place: cache-jfk8141, cache-iad-kcgs7200110-IAD.
CREATE OR REPLACE TEMP MACRO pop_of(name) AS
    CASE
        WHEN name IS NULL THEN ''
        WHEN starts_with(name, 'cache-')
            THEN coalesce(
                nullif(regexp_extract(name, '-([A-Z]{3})$', 1), ''),
                upper(regexp_extract(name, '^cache-([a-z]{3})', 1))
            )
        ELSE regexp_extract(upper(name), '^[A-Z0-9-]{2,8}$')
    END;

CREATE OR REPLACE TEMP MACRO cache_of(state) AS
    CASE
        WHEN coalesce(state, '') IN ('', '(null)') THEN ''
        ELSE coalesce(
            nullif(
                regexp_extract(
                    regexp_replace(upper(state), '^HIT-SYNTH', 'SYNTH'),
                    '^(HITPASS|HIT|MISS|PASS|ERROR|PIPE|SYNTH|NONE|BG-ERROR)', 1
                ),
                ''
            ),
            'OTHER'
        )
    END;

CREATE OR REPLACE TEMP MACRO protocol_of(name) AS
    CASE regexp_replace(upper(coalesce(name, '')), '\.0$', '')
        WHEN 'HTTP/1' THEN 'HTTP/1.0'
        WHEN 'HTTP/1.1' THEN 'HTTP/1.1'
        WHEN 'HTTP/2' THEN 'HTTP/2'
        WHEN 'HTTP/3' THEN 'HTTP/3'
        WHEN '' THEN ''
        WHEN '(NULL)' THEN ''
        -- What names only the scheme says nothing of the version.
        WHEN 'HTTP' THEN ''
        WHEN 'HTTPS' THEN ''
        ELSE 'other'
    END;

-- The CDN's words for an error, as one word.
CREATE OR REPLACE TEMP MACRO error_of(words) AS
    left(trim(regexp_replace(lower(words), '[^a-z0-9]+', '_', 'g'), '_'), 40);
