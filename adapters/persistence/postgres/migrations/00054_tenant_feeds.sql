-- +goose Up
-- The positions of a tenant's change feed in a distributed database. Without distribution the table is empty, and the
-- table feed is used. A position is the id of the database transaction that wrote the row, plus shift. server and
-- timeline identify the server that assigns the ids. If another server has the tenant's rows, or if the positions reach
-- reserved, a writer first updates the row. All assigned positions are less than reserved.
CREATE TABLE tenant_feeds (
    tenant_id uuid    PRIMARY KEY,
    server    bigint  NOT NULL,
    timeline  integer NOT NULL,
    shift     bigint  NOT NULL,
    reserved  bigint  NOT NULL
);
