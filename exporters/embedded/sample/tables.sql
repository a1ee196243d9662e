-- The tables of the app that are read here or referred to by those that are read: columns, types
-- and defaults as its migrations left them. Keys and indexes follow in constraints.sql, so that
-- rows can be loaded first.
--
-- Tables from the app's first year have integer ids, later ones bigint, and a later table points
-- at an earlier one with a bigint column. Times are UTC without a zone. Columns named token, slug
-- of feeds, email and the like are secrets.

CREATE TABLE people (
    id serial,
    name varchar(255) NOT NULL,
    email varchar(255) NOT NULL,
    handle varchar(255) NOT NULL,
    github_handle varchar(255),
    twitter_handle varchar(255),
    bio text,
    website varchar(255),
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    auth_token varchar(255),
    auth_token_expires_at timestamp(0),
    signed_in_at timestamp(0),
    admin boolean DEFAULT false,
    avatar varchar(255),
    location varchar(255),
    slack_id varchar(255),
    joined_at timestamp(0),
    settings jsonb DEFAULT '{}',
    host boolean DEFAULT false,
    editor boolean DEFAULT false,
    linkedin_handle varchar(255),
    public_profile boolean DEFAULT true,
    approved boolean DEFAULT true,
    mastodon_handle varchar(255),
    zulip_id varchar(255),
    bsky_handle varchar(255)
);

-- status: 0 draft, 1 soon, 2 publishing, 3 inactive, 4 archived
CREATE TABLE podcasts (
    id serial,
    name varchar(255) NOT NULL,
    slug varchar(255) NOT NULL,
    vanity_domain varchar(255),
    description text,
    keywords varchar(255),
    twitter_handle varchar(255),
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    apple_url varchar(255),
    status integer DEFAULT 0,
    schedule_note varchar(255),
    ping_url varchar(255),
    download_count double precision DEFAULT 0.0,
    reach_count integer DEFAULT 0,
    extended_description text,
    recorded_live boolean DEFAULT false,
    cover varchar(255),
    partner boolean DEFAULT false,
    position integer,
    subscribers jsonb,
    spotify_url varchar(255),
    welcome text,
    riverside_url varchar(255),
    mastodon_handle varchar(255),
    mastodon_token varchar(255),
    youtube_url varchar(255),
    clips_url varchar(255),
    zulip_url varchar(255),
    bsky_handle varchar(255)
);

CREATE TABLE episode_requests (
    id bigserial,
    status integer NOT NULL DEFAULT 0,
    hosts varchar(255),
    guests varchar(255),
    topics varchar(255),
    pronunciation varchar(255),
    pitch text,
    submitter_id bigint,
    podcast_id bigint,
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    message text DEFAULT ''
);

-- type: 0 full, 1 bonus, 2 trailer. Public means published and published_at not in the future.
CREATE TABLE episodes (
    id serial,
    title varchar(255) NOT NULL,
    slug varchar(255) NOT NULL,
    published boolean DEFAULT false,
    published_at timestamp(0),
    recorded_at timestamp(0),
    audio_duration integer,
    summary text,
    podcast_id integer,
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    guid varchar(255),
    audio_file varchar(255),
    audio_bytes integer DEFAULT 0,
    headline varchar(255),
    notes text,
    subtitle varchar(255),
    highlight text,
    subhighlight varchar(255),
    featured boolean DEFAULT false,
    download_count double precision DEFAULT 0.0,
    import_count double precision DEFAULT 0.0,
    reach_count integer DEFAULT 0,
    search_vector tsvector,
    recorded_live boolean DEFAULT false,
    transcript jsonb[] DEFAULT ARRAY[]::jsonb[],
    type integer DEFAULT 0,
    request_id bigint,
    plusplus_file varchar(255),
    plusplus_bytes integer DEFAULT 0,
    plusplus_duration integer,
    youtube_id varchar(255),
    doc_url varchar(255),
    audio_chapters jsonb[] DEFAULT ARRAY[]::jsonb[],
    plusplus_chapters jsonb[] DEFAULT ARRAY[]::jsonb[],
    socialize_url varchar(255),
    email_subject varchar(255),
    email_content text,
    email_teaser varchar(255),
    email_sends integer DEFAULT 0,
    email_opens integer DEFAULT 0,
    cover varchar(255)
);

-- demographics: {"agents": {raw user agent: downloads}, "countries": {ISO code or lower-case name:
-- downloads}}
CREATE TABLE episode_stats (
    id serial,
    date date NOT NULL,
    episode_bytes integer DEFAULT 0,
    total_bytes bigint DEFAULT 0,
    downloads double precision DEFAULT 0.0,
    uniques integer DEFAULT 0,
    demographics jsonb,
    episode_id integer,
    podcast_id integer,
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL
);

-- slug is the private address of the feed: a secret.
CREATE TABLE feeds (
    id bigserial,
    name varchar(255) NOT NULL,
    slug varchar(255) NOT NULL,
    description varchar(255),
    plusplus boolean DEFAULT false,
    autosub boolean DEFAULT true,
    cover varchar(255),
    title_format varchar(255),
    owner_id bigint,
    podcast_ids integer[],
    person_ids integer[],
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    starts_on date,
    refreshed_at timestamp(0),
    agents jsonb DEFAULT '[]'
);

-- agents: {name: {"type": …, "requests": …, "raw": …}}; one of podcast_id and feed_id is set.
CREATE TABLE feed_stats (
    id bigserial,
    date date NOT NULL,
    agents jsonb,
    podcast_id bigint,
    feed_id bigint,
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL
);

CREATE TABLE news_items (
    id bigserial,
    status integer NOT NULL DEFAULT 0,
    type integer NOT NULL DEFAULT 0,
    headline varchar(255) NOT NULL,
    url varchar(255) NOT NULL,
    published_at timestamp(0),
    story text,
    author_id bigint,
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    object_id varchar(255),
    pinned boolean DEFAULT false,
    impression_count integer DEFAULT 0,
    click_count integer DEFAULT 0,
    feed_only boolean DEFAULT false
);

-- unsubscribed_at NULL: active
CREATE TABLE subscriptions (
    id bigserial,
    unsubscribed_at timestamp(0),
    person_id bigint,
    podcast_id bigint,
    item_id bigint,
    context text DEFAULT '',
    inserted_at timestamp(0) NOT NULL,
    updated_at timestamp(0) NOT NULL,
    episode_id bigint
);
