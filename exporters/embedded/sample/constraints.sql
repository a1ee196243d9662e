-- Keys, foreign keys and indexes of the tables in tables.sql, by the names that the app's
-- migrations gave them. episode_stats has no index on date alone: the app dropped it, and ranges
-- of days go through (date, episode_id). feed_stats has no unique constraint at all.

ALTER TABLE people ADD PRIMARY KEY (id);
ALTER TABLE podcasts ADD PRIMARY KEY (id);
ALTER TABLE episode_requests ADD PRIMARY KEY (id);
ALTER TABLE episodes ADD PRIMARY KEY (id);
ALTER TABLE episode_stats ADD PRIMARY KEY (id);
ALTER TABLE feeds ADD PRIMARY KEY (id);
ALTER TABLE feed_stats ADD PRIMARY KEY (id);
ALTER TABLE news_items ADD PRIMARY KEY (id);
ALTER TABLE subscriptions ADD PRIMARY KEY (id);

CREATE UNIQUE INDEX people_email_index ON people (email);
CREATE UNIQUE INDEX people_handle_index ON people (handle);
CREATE UNIQUE INDEX people_linkedin_handle_index ON people (linkedin_handle);
CREATE UNIQUE INDEX people_bsky_handle_index ON people (bsky_handle);
CREATE INDEX people_name_index ON people (name);
CREATE INDEX people_public_profile_index ON people (public_profile);

CREATE UNIQUE INDEX podcasts_slug_index ON podcasts (slug);
CREATE UNIQUE INDEX podcasts_bsky_handle_index ON podcasts (bsky_handle);
CREATE INDEX podcasts_status_index ON podcasts (status);
CREATE INDEX podcasts_partner_index ON podcasts (partner);

CREATE INDEX episode_requests_submitter_id_index ON episode_requests (submitter_id);
CREATE INDEX episode_requests_podcast_id_index ON episode_requests (podcast_id);
CREATE INDEX episode_requests_status_index ON episode_requests (status);

CREATE UNIQUE INDEX episodes_slug_podcast_id_index ON episodes (slug, podcast_id);
CREATE INDEX episodes_podcast_id_index ON episodes (podcast_id);
CREATE INDEX episodes_title_index ON episodes (title);
CREATE INDEX episodes_recorded_live_index ON episodes (recorded_live);
CREATE INDEX episodes_request_id_index ON episodes (request_id);
CREATE INDEX episodes_search_index ON episodes USING gin (search_vector);

CREATE UNIQUE INDEX episode_stats_date_episode_id_index ON episode_stats (date, episode_id);
CREATE INDEX episode_stats_episode_id_index ON episode_stats (episode_id);
CREATE INDEX episode_stats_podcast_id_index ON episode_stats (podcast_id);

CREATE UNIQUE INDEX feeds_slug_index ON feeds (slug);
CREATE INDEX idx_feeds_podcast_ids ON feeds USING gin (podcast_ids);
CREATE INDEX idx_feeds_person_ids ON feeds USING gin (person_ids);

CREATE INDEX feed_stats_date_index ON feed_stats (date);
CREATE INDEX feed_stats_podcast_id_index ON feed_stats (podcast_id);
CREATE INDEX feed_stats_feed_id_index ON feed_stats (feed_id);

CREATE INDEX subscriptions_person_id_index ON subscriptions (person_id);
CREATE INDEX subscriptions_podcast_id_index ON subscriptions (podcast_id);
CREATE INDEX subscriptions_item_id_index ON subscriptions (item_id);
CREATE INDEX subscriptions_episode_id_index ON subscriptions (episode_id);
CREATE INDEX subscriptions_unsubscribed_at_index ON subscriptions (unsubscribed_at);

ALTER TABLE episode_requests
    ADD CONSTRAINT episode_requests_submitter_id_fkey
    FOREIGN KEY (submitter_id) REFERENCES people (id) ON DELETE CASCADE,
    ADD CONSTRAINT episode_requests_podcast_id_fkey
    FOREIGN KEY (podcast_id) REFERENCES podcasts (id) ON DELETE CASCADE;
ALTER TABLE episodes
    ADD CONSTRAINT episodes_podcast_id_fkey
    FOREIGN KEY (podcast_id) REFERENCES podcasts (id),
    ADD CONSTRAINT episodes_request_id_fkey
    FOREIGN KEY (request_id) REFERENCES episode_requests (id);
ALTER TABLE episode_stats
    ADD CONSTRAINT episode_stats_episode_id_fkey
    FOREIGN KEY (episode_id) REFERENCES episodes (id) ON DELETE CASCADE,
    ADD CONSTRAINT episode_stats_podcast_id_fkey
    FOREIGN KEY (podcast_id) REFERENCES podcasts (id) ON DELETE CASCADE;
ALTER TABLE feeds
    ADD CONSTRAINT feeds_owner_id_fkey
    FOREIGN KEY (owner_id) REFERENCES people (id) ON DELETE CASCADE;
ALTER TABLE feed_stats
    ADD CONSTRAINT feed_stats_podcast_id_fkey
    FOREIGN KEY (podcast_id) REFERENCES podcasts (id),
    ADD CONSTRAINT feed_stats_feed_id_fkey
    FOREIGN KEY (feed_id) REFERENCES feeds (id) ON DELETE CASCADE;
ALTER TABLE news_items
    ADD CONSTRAINT news_items_author_id_fkey
    FOREIGN KEY (author_id) REFERENCES people (id) ON DELETE SET NULL;
ALTER TABLE subscriptions
    ADD CONSTRAINT subscriptions_person_id_fkey
    FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE,
    ADD CONSTRAINT subscriptions_podcast_id_fkey
    FOREIGN KEY (podcast_id) REFERENCES podcasts (id) ON DELETE CASCADE,
    ADD CONSTRAINT subscriptions_item_id_fkey
    FOREIGN KEY (item_id) REFERENCES news_items (id) ON DELETE CASCADE,
    ADD CONSTRAINT subscriptions_episode_id_fkey
    FOREIGN KEY (episode_id) REFERENCES episodes (id) ON DELETE CASCADE;
