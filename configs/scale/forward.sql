-- Moves the positions of the change feed far ahead of all that were assigned.
--
-- A position is the id of a database transaction plus feed.shift. Run this script whenever ids
-- may be assigned twice while the cluster keeps its identity, and before any process serves:
-- after a point-in-time recovery, and after a failover to a standby that may have missed
-- commits. A dump that is restored into another cluster does not need it: there the migration
-- does the same.
--
--     psql --set ON_ERROR_STOP=1 --single-transaction --file configs/scale/forward.sql

-- A transaction that has a position locks this table until it ends. The lock therefore waits
-- for all old positions, and the new ones start after them. This is also safe while processes
-- serve.
LOCK TABLE feed IN ACCESS EXCLUSIVE MODE;

-- More ids than a cluster assigns between two backups; a bigint has room for nine million such steps.
UPDATE feed SET shift = shift + 1000000000000;
