-- An account's own queue in the order of its times: spacing, moving and the calendar read it.
CREATE INDEX deliveries_of_account ON deliveries (account, due_at, id)
  WHERE state IN ('scheduled', 'unsure', 'sending');
-- When an account last posted, or may have, is asked where its posts are to keep their distance.
CREATE INDEX attempts_by_time ON attempts (started_at);
