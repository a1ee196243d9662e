-- Lock the rows of a day that facts will change, in the order in which every worker locks them, so
-- that none waits for another in a circle; and keep what they were.
INSERT INTO held
SELECT l.*
FROM touched AS t
INNER JOIN {listeners} AS l
    ON l.day = t.day AND l.episode_id = t.episode_id AND l.listener = t.listener
WHERE t.day = %(day)s
ORDER BY l.episode_id, l.listener
FOR UPDATE OF l
