-- An account waits as a whole: its server asked for it, or has failed several times in a row.
ALTER TABLE accounts ADD COLUMN wait_until INTEGER;
ALTER TABLE accounts ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;

ALTER TABLE posts ADD COLUMN series TEXT NOT NULL DEFAULT '';
CREATE INDEX posts_by_series ON posts (series, id) WHERE series != '';

ALTER TABLE deliveries ADD COLUMN not_before INTEGER; -- the earliest time that the artist allows
ALTER TABLE deliveries ADD COLUMN foretold INTEGER NOT NULL DEFAULT 0; -- hours before due, told

-- What reading the post back has shown; NULL: not read back yet.
ALTER TABLE receipts ADD COLUMN checked_at INTEGER;
ALTER TABLE receipts ADD COLUMN look_at INTEGER; -- when it is to be read back (next)
ALTER TABLE receipts ADD COLUMN seen TEXT NOT NULL DEFAULT '{}';
CREATE INDEX receipts_to_check ON receipts (look_at) WHERE checked_at IS NULL;
CREATE INDEX receipts_by_uri ON receipts (uri);

-- What was spent of a server's allowance, so that it is never used up: one row for each call that
-- counts, kept as long as the longest window.
CREATE TABLE spent (
  account TEXT NOT NULL,
  kind    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  points  INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_by_account ON spent (account, kind, at);

-- What the last audit of each account found, and what its fixes replaced.
CREATE TABLE findings (
  account TEXT NOT NULL,
  id      TEXT NOT NULL,
  at      INTEGER NOT NULL,
  finding TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT;
CREATE TABLE fixes (
  id        INTEGER PRIMARY KEY,
  account   TEXT NOT NULL,
  finding   TEXT NOT NULL,
  at        INTEGER NOT NULL,
  before    TEXT NOT NULL,
  after     TEXT NOT NULL,
  undone_at INTEGER
) STRICT;
