-- +goose Up
-- What is cached, for the tenant (key '') and for keys that say otherwise.
CREATE TABLE cache_policies (
    key     text PRIMARY KEY,
    policy  jsonb       NOT NULL, -- dcoder.CachePolicy
    updated timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE cache_policies;
