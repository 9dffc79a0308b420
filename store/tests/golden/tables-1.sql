CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    position INTEGER PRIMARY KEY NOT NULL,
    stream   TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    salt     BLOB    NOT NULL,
    body     BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_stream ON event (stream, sequence);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;
CREATE TRIGGER meta_is_never_changed BEFORE UPDATE ON meta
    BEGIN SELECT RAISE(ABORT, 'the description of the log is never changed'); END;
CREATE TRIGGER meta_is_never_removed BEFORE DELETE ON meta
    BEGIN SELECT RAISE(ABORT, 'the description of the log is never removed'); END;
