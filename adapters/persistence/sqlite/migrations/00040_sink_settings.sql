-- +goose Up
-- The settings of a sink are one JSON object that only the adapter of its kind interprets.
ALTER TABLE subscriptions ADD COLUMN settings TEXT NOT NULL DEFAULT '';
UPDATE subscriptions SET settings = json_patch('{}', json_object(
    'url', nullif(url, ''), 'exchange', nullif(exchange, ''), 'routingKey', nullif(routing_key, '')));
ALTER TABLE subscriptions DROP COLUMN url;
ALTER TABLE subscriptions DROP COLUMN exchange;
ALTER TABLE subscriptions DROP COLUMN routing_key;

-- The CloudEvents attribute "source" of an event. It is '' for events that an earlier version has recorded.
ALTER TABLE subscription_events ADD COLUMN source TEXT NOT NULL DEFAULT '';
