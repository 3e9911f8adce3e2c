-- +goose Up
-- What guardrails do, for the tenant (key '') and for keys that say otherwise.
CREATE TABLE guard_policies (
    key     text PRIMARY KEY,
    policy  jsonb       NOT NULL, -- dcoder.GuardPolicy, without overrides
    updated timestamptz NOT NULL DEFAULT now()
);

-- Guardrails weakened for a while.
CREATE TABLE guard_overrides (
    id       text PRIMARY KEY,
    override jsonb       NOT NULL, -- dcoder.GuardOverride
    expires  timestamptz NOT NULL
);
CREATE INDEX guard_overrides_expires ON guard_overrides (expires);

-- What guardrails did to a call: alerted, masked, blocked.
ALTER TABLE usage ADD COLUMN guard text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE usage DROP COLUMN guard;
DROP TABLE guard_overrides;
DROP TABLE guard_policies;
