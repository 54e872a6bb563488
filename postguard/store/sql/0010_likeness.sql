-- What finds an artwork again from a copy seen elsewhere: one small gray picture of each, as it
-- was posted. Artworks protected before have none; `prove` makes theirs when it first runs.
CREATE TABLE likenesses (
  post_id     INTEGER NOT NULL REFERENCES posts (id),
  position    INTEGER NOT NULL,
  fingerprint BLOB NOT NULL,
  PRIMARY KEY (post_id, position)
) STRICT;
