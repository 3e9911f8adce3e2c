-- +goose Up

CREATE TABLE clusters (
    id       text PRIMARY KEY,
    address  text NOT NULL,              -- host, port and sslmode as a DSN; never a user or a password
    capacity integer NOT NULL DEFAULT 1000 CHECK (capacity BETWEEN 0 AND 1000),
    created  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE data_keys (
    tenant  text PRIMARY KEY,            -- tenant id or _platform
    wrapped bytea NOT NULL,
    changed timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenants (
    id             text PRIMARY KEY CHECK (id ~ '^[a-z][a-z0-9]{11}$'),
    name           text NOT NULL,
    platform       text NOT NULL,
    state          text NOT NULL CHECK (state IN ('provisioning', 'failed', 'active', 'suspended')),
    plan           text NOT NULL CHECK (plan IN ('pooled', 'silo')),
    timezone       text NOT NULL,
    currency       text NOT NULL,
    policies       jsonb NOT NULL,
    cluster        text NOT NULL REFERENCES clusters,
    database       text NOT NULL UNIQUE,
    role           text NOT NULL UNIQUE,
    password       bytea NOT NULL,       -- sealed
    schema_version integer NOT NULL DEFAULT 0,
    failure        text NOT NULL DEFAULT '', -- why onboarding stopped
    created        timestamptz NOT NULL DEFAULT now(),
    updated        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenants_cluster ON tenants (cluster);
CREATE INDEX tenants_created ON tenants (created, id);
CREATE INDEX tenants_behind ON tenants (schema_version);

CREATE TABLE keys (
    id            text PRIMARY KEY,
    name          text NOT NULL,
    user_id       text NOT NULL DEFAULT '',
    group_id      text NOT NULL DEFAULT '',
    role          text NOT NULL,
    scopes        text[] NOT NULL DEFAULT '{}',
    models        text[] NOT NULL DEFAULT '{}',
    hash          bytea NOT NULL,
    pepper_id     text NOT NULL,
    previous_hash bytea,
    previous_until timestamptz,
    expires       timestamptz,
    blocked       boolean NOT NULL DEFAULT false,
    rotated       timestamptz,
    created       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX keys_created ON keys (created, id);

CREATE TABLE audit_log (
    id         uuid PRIMARY KEY,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,            -- tenant/key id, "system" for the platform's own work
    action     text NOT NULL,
    object     text NOT NULL,
    object_id  text NOT NULL,
    before     jsonb,
    after      jsonb,
    request_id text NOT NULL DEFAULT ''
);
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_actor ON audit_log (actor, at);

CREATE TABLE outbox (
    id       uuid PRIMARY KEY,
    at       timestamptz NOT NULL DEFAULT now(),
    envelope jsonb NOT NULL
);

CREATE TABLE idempotency (
    key       text PRIMARY KEY,
    route     text NOT NULL,
    body_hash bytea NOT NULL,
    status    integer NOT NULL,
    response  bytea NOT NULL,            -- sealed
    expires   timestamptz NOT NULL
);
CREATE INDEX idempotency_expires ON idempotency (expires);

GRANT USAGE ON SCHEMA public TO dcoder_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON clusters, data_keys, tenants, keys, outbox, idempotency TO dcoder_app;
GRANT SELECT, INSERT ON audit_log TO dcoder_app;

-- +goose Down
DROP TABLE idempotency, outbox, audit_log, keys, tenants, data_keys, clusters;
