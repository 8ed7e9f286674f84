-- +goose Up

-- rate_budgets: the rate budgets of the vendors, which all replicas share. A row belongs to the service and not to a
-- tenant, because a vendor counts calls by address; therefore its key has no tenant_id. A replica changes a row only
-- if version is still the one that it has read. full_at: when the token bucket is full again. blocked_until: the vendor
-- accepts no call before. demands: the calls that wait on each replica, by tenant. The origin is stored as a hash,
-- because it is a part of a connection's base URL, which an erasure removes.
CREATE TABLE rate_budgets (
    vendor text NOT NULL,
    origin_sha256 bytea NOT NULL,
    resource text NOT NULL,
    egress_address text NOT NULL,
    version bigint NOT NULL,
    full_at timestamptz NOT NULL,
    blocked_until timestamptz,
    demands jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (vendor, origin_sha256, resource, egress_address)
) WITH (fillfactor = 50);

-- +goose Down
DROP TABLE rate_budgets;
