-- Makes all future positions of the change feed greater than every position that was assigned
-- before.
--
-- A position is the id of a database transaction plus feed.shift. Run this script if PostgreSQL may
-- assign the same transaction ids again although the cluster keeps its identity. That is the case
-- after a point-in-time recovery, and after a failover to a standby that may have missed commits.
-- Run it before any process of the service starts. After a dump was restored into another cluster
-- the script is not needed, because the migration does the same there.
--
--     psql --set ON_ERROR_STOP=1 --single-transaction --file configs/scale/forward.sql

-- Every transaction that has a position locks this table until the transaction ends. The lock below
-- therefore waits until all transactions with old positions have ended, and transactions with new
-- positions start only afterwards. For this reason the script is safe even while processes serve.
LOCK TABLE feed IN ACCESS EXCLUSIVE MODE;

-- The step is larger than the number of ids that a cluster assigns between two backups. A bigint has
-- room for nine million such steps.
UPDATE feed SET shift = shift + 1000000000000;
