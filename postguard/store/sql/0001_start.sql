-- Times are UTC milliseconds since 1970. JSON columns are written by system.wire.
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE posts (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  folder     TEXT NOT NULL UNIQUE,
  place      TEXT NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  recipe     TEXT NOT NULL,
  sidecars   TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX posts_by_state ON posts (state, id);
CREATE INDEX posts_by_place ON posts (place, state);

CREATE TABLE artworks (
  id       INTEGER PRIMARY KEY,
  post_id  INTEGER NOT NULL REFERENCES posts (id),
  position INTEGER NOT NULL,
  sha256   TEXT NOT NULL,
  name     TEXT NOT NULL,
  source   TEXT NOT NULL,
  width    INTEGER NOT NULL,
  height   INTEGER NOT NULL,
  alt      TEXT NOT NULL,
  UNIQUE (post_id, position)
) STRICT;
CREATE INDEX artworks_by_bytes ON artworks (sha256);

CREATE TABLE renditions (
  id       INTEGER PRIMARY KEY,
  post_id  INTEGER NOT NULL REFERENCES posts (id),
  position INTEGER NOT NULL,
  fit      TEXT NOT NULL,
  path     TEXT NOT NULL, -- file name inside the post's folder
  sha256   TEXT NOT NULL,
  mime     TEXT NOT NULL,
  width    INTEGER NOT NULL,
  height   INTEGER NOT NULL,
  size     INTEGER NOT NULL,
  record   TEXT NOT NULL,
  UNIQUE (post_id, position, fit)
) STRICT;

CREATE TABLE deliveries (
  id       INTEGER PRIMARY KEY,
  post_id  INTEGER NOT NULL REFERENCES posts (id),
  account  TEXT NOT NULL,
  words    TEXT NOT NULL,
  state    TEXT NOT NULL,
  asked    TEXT NOT NULL,
  fit      TEXT NOT NULL,
  dry_run  INTEGER NOT NULL,
  due_at   INTEGER, -- of the next try
  planned_at INTEGER, -- the time that was planned; lateness is counted from it
  slot     TEXT,
  tries    INTEGER NOT NULL DEFAULT 0,
  reason   TEXT NOT NULL DEFAULT '',
  UNIQUE (post_id, account)
) STRICT;
-- The claim reads this index only, so it stays O(log n) however many posts wait.
CREATE INDEX deliveries_due ON deliveries (due_at, id, account)
  WHERE state IN ('scheduled', 'unsure');
CREATE INDEX deliveries_waiting ON deliveries (post_id) WHERE state = 'waiting';
CREATE INDEX deliveries_sending ON deliveries (id) WHERE state = 'sending';
-- A slot is used once by each account, on the autumn night too.
CREATE UNIQUE INDEX deliveries_slot ON deliveries (account, slot) WHERE slot IS NOT NULL;
CREATE INDEX deliveries_slots ON deliveries (account, due_at, slot) WHERE slot IS NOT NULL;

CREATE TABLE attempts (
  id          INTEGER PRIMARY KEY,
  delivery_id INTEGER NOT NULL REFERENCES deliveries (id),
  plan        TEXT NOT NULL,
  started_at  INTEGER NOT NULL,
  ended_at    INTEGER,
  outcome     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX attempts_by_delivery ON attempts (delivery_id, id);

CREATE TABLE receipts (
  delivery_id INTEGER PRIMARY KEY REFERENCES deliveries (id),
  uri         TEXT NOT NULL,
  url         TEXT NOT NULL,
  at          INTEGER NOT NULL,
  answer      TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
  name       TEXT PRIMARY KEY,
  limits     TEXT,
  limits_at  INTEGER,
  logged_out TEXT NOT NULL DEFAULT '', -- why; empty: logged in as far as we know
  paused     INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE events (
  id      INTEGER PRIMARY KEY,
  post_id INTEGER NOT NULL REFERENCES posts (id),
  at      INTEGER NOT NULL,
  what    TEXT NOT NULL,
  detail  TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_post ON events (post_id, id);
