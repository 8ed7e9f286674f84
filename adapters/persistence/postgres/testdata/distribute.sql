-- Each unique index of a distributed table must contain tenant_id. The names remain.

ALTER TABLE webhook_tokens DROP CONSTRAINT webhook_tokens_connection_id_fkey;

ALTER TABLE pulls
    DROP CONSTRAINT pulls_connection_id_fkey,
    DROP CONSTRAINT pulls_pkey,
    ADD PRIMARY KEY (id, tenant_id);
DROP INDEX pulls_one_queued, pulls_one_under_way;
CREATE UNIQUE INDEX pulls_one_queued ON pulls (connection_id, tenant_id) WHERE state = 'queued';
CREATE UNIQUE INDEX pulls_one_under_way ON pulls (connection_id, tenant_id) WHERE state IN ('running', 'waiting');

ALTER TABLE accounts
    DROP CONSTRAINT accounts_connection_id_fkey,
    DROP CONSTRAINT accounts_pkey,
    DROP CONSTRAINT accounts_connection_id_external_id_key,
    ADD PRIMARY KEY (id, tenant_id),
    ADD UNIQUE (connection_id, external_id, tenant_id);

ALTER TABLE connections
    DROP CONSTRAINT connections_pkey,
    ADD PRIMARY KEY (id, tenant_id);

ALTER TABLE deliveries
    DROP CONSTRAINT deliveries_pkey,
    ADD PRIMARY KEY (id, tenant_id);
DROP INDEX deliveries_fingerprint;
CREATE UNIQUE INDEX deliveries_fingerprint ON deliveries (connection_id, fingerprint, tenant_id);

ALTER TABLE transactions
    DROP CONSTRAINT transactions_pkey,
    DROP CONSTRAINT transactions_connection_id_external_id_key,
    ADD PRIMARY KEY (id, tenant_id),
    ADD UNIQUE (connection_id, external_id, tenant_id);
