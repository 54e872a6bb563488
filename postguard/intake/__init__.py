"""From a path that something happened to, to a Post: watch, settle, read the words, take."""
