-- How far the post is that is being protected now. One row at most, overwritten: posts are
-- protected one at a time, and what was done stands in the history. The row is taken away when the
-- post's state changes; whoever works on the post sees by that that it is no longer wanted.
CREATE TABLE progress (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  post_id      INTEGER NOT NULL REFERENCES posts (id),
  position     INTEGER NOT NULL DEFAULT 0, -- of the artwork
  step         TEXT NOT NULL DEFAULT '', -- empty: nothing was heard yet
  fraction     REAL,
  seconds_left REAL
) STRICT;
