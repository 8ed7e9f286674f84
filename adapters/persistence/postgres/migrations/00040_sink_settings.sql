-- +goose Up

-- On Citus, a transaction that changes several tables needs this setting. Elsewhere it has no effect.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

-- The settings of a sink are one JSON object that only the adapter of its kind interprets.
ALTER TABLE subscriptions ADD COLUMN settings text NOT NULL DEFAULT '';
UPDATE subscriptions SET settings = json_strip_nulls(json_build_object(
    'url', nullif(url, ''), 'exchange', nullif(exchange, ''), 'routingKey', nullif(routing_key, '')))::text;
ALTER TABLE subscriptions DROP COLUMN url;
ALTER TABLE subscriptions DROP COLUMN exchange;
ALTER TABLE subscriptions DROP COLUMN routing_key;

-- The CloudEvents attribute "source" of an event. It is '' for events that an earlier version has recorded.
ALTER TABLE subscription_events ADD COLUMN source text NOT NULL DEFAULT '';
