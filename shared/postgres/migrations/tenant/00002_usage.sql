-- +goose Up

-- One row an attempt of a call, as dcoder.UsageRecord says. (id, attempt) is the
-- inbox: a repeat changes nothing, a higher revision replaces the row. Ids are
-- UUIDv7, so the primary key grows at its right edge.
CREATE TABLE usage (
    id                    uuid        NOT NULL,
    attempt               integer     NOT NULL,
    revision              integer     NOT NULL,
    "time"                timestamptz NOT NULL,
    day                   date        NOT NULL, -- of time, in the tenant's calendar when it was written
    group_id              text        NOT NULL DEFAULT '',
    user_id               text        NOT NULL DEFAULT '',
    end_user              text        NOT NULL DEFAULT '',
    key                   text        NOT NULL DEFAULT '',
    route                 text        NOT NULL DEFAULT '',
    model_asked           text        NOT NULL DEFAULT '',
    model_served          text        NOT NULL DEFAULT '',
    provider              text        NOT NULL DEFAULT '',
    stream                boolean     NOT NULL DEFAULT false,
    status                integer     NOT NULL DEFAULT 0,
    error_code            text        NOT NULL DEFAULT '',
    state                 text        NOT NULL,
    input_tokens          bigint      NOT NULL DEFAULT 0,
    output_tokens         bigint      NOT NULL DEFAULT 0,
    cached_input_tokens   bigint      NOT NULL DEFAULT 0,
    cache_write_5m_tokens bigint      NOT NULL DEFAULT 0,
    cache_write_1h_tokens bigint      NOT NULL DEFAULT 0,
    reasoning_tokens      bigint      NOT NULL DEFAULT 0,
    audio_input_tokens    bigint      NOT NULL DEFAULT 0,
    audio_output_tokens   bigint      NOT NULL DEFAULT 0,
    estimated             boolean     NOT NULL DEFAULT false,
    cost                  bigint      NOT NULL DEFAULT 0, -- micro-units of currency
    cost_baseline         bigint      NOT NULL DEFAULT 0,
    currency              text        NOT NULL DEFAULT '',
    price_version         text        NOT NULL DEFAULT '',
    cache                 text        NOT NULL DEFAULT '',
    compression           text        NOT NULL DEFAULT '',
    retries               integer     NOT NULL DEFAULT 0,
    first_token_ms        bigint      NOT NULL DEFAULT 0,
    total_ms              bigint      NOT NULL DEFAULT 0,
    request_id            text        NOT NULL DEFAULT '',
    platform              text        NOT NULL DEFAULT '',
    PRIMARY KEY (id, attempt)
);

-- Reports and pages go by time; what one key used, by key and time.
CREATE INDEX usage_time ON usage ("time", id, attempt);
CREATE INDEX usage_key ON usage (key, "time");

-- What each subject used on each day of the tenant's calendar, kept in step with
-- usage in the same transaction: weeks and months are sums of days.
CREATE TABLE usage_days (
    scope    text   NOT NULL, -- tenant, group, user, key
    subject  text   NOT NULL, -- '' for the tenant
    day      date   NOT NULL,
    requests bigint NOT NULL DEFAULT 0,
    tokens   bigint NOT NULL DEFAULT 0,
    cost     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, subject, day)
);

-- Thresholds that were announced: each once for a limit, a threshold and a
-- period. Another maximum is another limit.
CREATE TABLE usage_thresholds (
    scope     text        NOT NULL,
    subject   text        NOT NULL,
    metric    text        NOT NULL,
    "window"  text        NOT NULL,
    period    text        NOT NULL, -- 2026-11, 2026-W47, 2026-11-22
    max       bigint      NOT NULL,
    threshold integer     NOT NULL, -- per cent
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, subject, metric, "window", period, max, threshold)
);

-- What was last shown of a limit's use, so that only a change worth showing is
-- announced.
CREATE TABLE usage_shown (
    scope    text   NOT NULL,
    subject  text   NOT NULL,
    metric   text   NOT NULL,
    "window" text   NOT NULL,
    period   text   NOT NULL,
    used     bigint NOT NULL,
    PRIMARY KEY (scope, subject, metric, "window", period)
);

-- +goose Down
DROP TABLE usage_shown;
DROP TABLE usage_thresholds;
DROP TABLE usage_days;
DROP TABLE usage;
