-- Sequences go on where the loaded ids end; the planner learns what is there. demographics are
-- left out: nobody filters by them, and sampling them takes longer than all the rest.
SELECT setval(pg_get_serial_sequence('people', 'id'), (SELECT max(id) FROM people));
SELECT setval(pg_get_serial_sequence('podcasts', 'id'), (SELECT max(id) FROM podcasts));
SELECT setval(pg_get_serial_sequence('episodes', 'id'), (SELECT max(id) FROM episodes));
SELECT setval(pg_get_serial_sequence('episode_stats', 'id'), (SELECT max(id) FROM episode_stats));
SELECT setval(pg_get_serial_sequence('feeds', 'id'), (SELECT max(id) FROM feeds));
SELECT setval(pg_get_serial_sequence('news_items', 'id'), (SELECT max(id) FROM news_items));
SELECT setval(pg_get_serial_sequence('subscriptions', 'id'), (SELECT max(id) FROM subscriptions));

ANALYZE people, podcasts, episodes, feeds, feed_stats, news_items, subscriptions;
ANALYZE episode_stats (
    id, date, episode_bytes, total_bytes, downloads, uniques, episode_id, podcast_id
);
