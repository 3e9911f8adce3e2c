-- +goose Up

CREATE TABLE users (
    id      text PRIMARY KEY,
    created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE groups (
    id      text PRIMARY KEY,
    created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE keys (
    id            text PRIMARY KEY,
    name          text NOT NULL,
    user_id       text NOT NULL DEFAULT '',
    group_id      text NOT NULL DEFAULT '',
    role          text NOT NULL CHECK (role <> 'platform_owner'),
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

CREATE TABLE providers (
    name     text PRIMARY KEY,
    dialect  text NOT NULL,
    base_url text NOT NULL,
    secret   bytea NOT NULL,             -- sealed
    models   text[] NOT NULL DEFAULT '{}',
    created  timestamptz NOT NULL DEFAULT now(),
    updated  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE aliases (
    alias   text PRIMARY KEY,
    targets jsonb NOT NULL,
    updated timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE limits (
    scope    text NOT NULL CHECK (scope IN ('key', 'user', 'group', 'tenant')),
    subject  text NOT NULL DEFAULT '',
    metric   text NOT NULL CHECK (metric IN ('requests', 'tokens', 'money')),
    "window" text NOT NULL CHECK ("window" IN ('minute', 'day', 'week', 'month')),
    max      bigint NOT NULL CHECK (max >= 0),
    action   text NOT NULL CHECK (action IN ('alert', 'deny')),
    alerts   integer[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (scope, subject, metric, "window")
);

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

-- What later migrations create is readable and writable to tenants' roles as well.
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dcoder_tenant;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO dcoder_tenant;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO dcoder_tenant;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, groups, keys, providers, aliases, limits, outbox, idempotency TO dcoder_tenant;
GRANT SELECT, INSERT ON audit_log TO dcoder_tenant;

-- +goose Down
DROP TABLE idempotency, outbox, audit_log, limits, aliases, providers, keys, groups, users;
