-- +goose Up

-- Limits of all tenants together; their periods are those of UTC.
CREATE TABLE platform_limits (
    model    text NOT NULL DEFAULT '',
    metric   text NOT NULL CHECK (metric IN ('requests', 'tokens', 'money', 'parallel')),
    "window" text NOT NULL CHECK ("window" IN ('now', 'minute', 'day', 'week', 'month')),
    max      bigint NOT NULL CHECK (max >= 0),
    action   text NOT NULL CHECK (action IN ('alert', 'throttle', 'deny')),
    alerts   integer[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (model, metric, "window")
);
GRANT SELECT, INSERT, UPDATE, DELETE ON platform_limits TO dcoder_app;

-- +goose Down
DROP TABLE platform_limits;
