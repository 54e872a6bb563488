-- What may have been posted after the backup that this database was restored from: it is not sent
-- until the account was looked through. By account, as a release reads a post's deliveries anew.
CREATE TABLE unmatched (
  post_id INTEGER NOT NULL REFERENCES posts (id),
  account TEXT NOT NULL,
  since   INTEGER NOT NULL, -- when the backup was made
  PRIMARY KEY (post_id, account)
) STRICT, WITHOUT ROWID;
