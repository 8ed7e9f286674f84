-- Moves the places of the change feed far ahead of all that were handed out.
--
-- A place is the id of a database transaction plus feed.shift. Run this wherever the ids may
-- be handed out twice while the cluster keeps its identity, and before anybody serves:
-- behind a recovery to a point in time, and behind a failover to a standby that may have
-- missed commits. A dump that is restored into another cluster needs nothing: there the
-- migration does it.
--
--     psql --set ON_ERROR_STOP=1 --single-transaction --file configs/scale/forward.sql

-- Who took a place holds this table until it ends, so that the lock waits for all places of
-- the old count, and the new count begins behind them. It is also safe while processes serve.
LOCK TABLE feed IN ACCESS EXCLUSIVE MODE;

-- More than a cluster hands out between two backups; a bigint has room for nine million times.
UPDATE feed SET shift = shift + 1000000000000;
