-- What the artist changed with `edit` goes before the files with words, which a release reads anew.
-- By account; see `model.Edit`.
ALTER TABLE posts ADD COLUMN edits TEXT NOT NULL DEFAULT '{}';
