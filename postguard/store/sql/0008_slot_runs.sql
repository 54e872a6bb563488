-- An account's next free slot is found without reading all that are taken: no slot of these rules
-- from `start` on and before `behind` is free. Slots are keys, a local day and time, and their order
-- is that of their times. The runs of an account do not overlap.
CREATE TABLE slot_runs (
  account TEXT NOT NULL,
  start   TEXT NOT NULL,
  behind  TEXT NOT NULL,
  rules   TEXT NOT NULL,
  PRIMARY KEY (account, start)
) STRICT, WITHOUT ROWID;
-- A slot that is left ends its run; what lies behind it is a run of its own. This is no business of
-- whoever leaves it, so that nobody can forget it.
CREATE TRIGGER slot_left AFTER UPDATE OF slot ON deliveries
  WHEN OLD.slot IS NOT NULL AND NEW.slot IS NOT OLD.slot AND OLD.slot <
    (SELECT behind FROM slot_runs WHERE account = OLD.account AND start <= OLD.slot
     ORDER BY start DESC LIMIT 1)
BEGIN
  INSERT INTO slot_runs SELECT account, OLD.slot || '.', behind, rules FROM slot_runs
    WHERE account = OLD.account AND behind > OLD.slot || '.' AND start =
      (SELECT max(start) FROM slot_runs WHERE account = OLD.account AND start <= OLD.slot);
  UPDATE slot_runs SET behind = OLD.slot WHERE account = OLD.account AND start =
    (SELECT max(start) FROM slot_runs WHERE account = OLD.account AND start <= OLD.slot);
END;
CREATE TRIGGER slot_gone AFTER DELETE ON deliveries
  WHEN OLD.slot < (SELECT behind FROM slot_runs WHERE account = OLD.account AND start <= OLD.slot
     ORDER BY start DESC LIMIT 1)
BEGIN
  INSERT INTO slot_runs SELECT account, OLD.slot || '.', behind, rules FROM slot_runs
    WHERE account = OLD.account AND behind > OLD.slot || '.' AND start =
      (SELECT max(start) FROM slot_runs WHERE account = OLD.account AND start <= OLD.slot);
  UPDATE slot_runs SET behind = OLD.slot WHERE account = OLD.account AND start =
    (SELECT max(start) FROM slot_runs WHERE account = OLD.account AND start <= OLD.slot);
END;
DROP INDEX deliveries_slots; -- what is taken is asked by key now
