-- Weekly digests: which were taken on by whom, so that each is sent by one process.

CREATE TABLE nearfield.digests (
    due_at timestamptz PRIMARY KEY,
    sender text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE nearfield.digests IS
'One row a digest. The process whose name stands in it sends it, and no other.';
