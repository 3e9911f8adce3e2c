-- +goose Up

-- Limits of one model, of calls in flight, that throttle or wait for an approval.
ALTER TABLE limits
    ADD COLUMN model text NOT NULL DEFAULT '',
    DROP CONSTRAINT limits_metric_check,
    DROP CONSTRAINT limits_window_check,
    DROP CONSTRAINT limits_action_check,
    DROP CONSTRAINT limits_pkey,
    ADD PRIMARY KEY (scope, subject, model, metric, "window"),
    ADD CONSTRAINT limits_metric_check CHECK (metric IN ('requests', 'tokens', 'money', 'parallel')),
    ADD CONSTRAINT limits_window_check CHECK ("window" IN ('now', 'minute', 'day', 'week', 'month')),
    ADD CONSTRAINT limits_action_check CHECK (action IN ('alert', 'throttle', 'deny', 'approve'));

ALTER TABLE usage_thresholds
    ADD COLUMN model text NOT NULL DEFAULT '',
    DROP CONSTRAINT usage_thresholds_pkey,
    ADD PRIMARY KEY (scope, subject, model, metric, "window", period, max, threshold);

ALTER TABLE usage_shown
    ADD COLUMN model text NOT NULL DEFAULT '',
    DROP CONSTRAINT usage_shown_pkey,
    ADD PRIMARY KEY (scope, subject, model, metric, "window", period);

-- Requests for more room than a limit has, and what came of them.
CREATE TABLE approvals (
    id        uuid PRIMARY KEY,
    scope     text        NOT NULL,
    subject   text        NOT NULL DEFAULT '',
    model     text        NOT NULL DEFAULT '',
    metric    text        NOT NULL,
    "window"  text        NOT NULL,
    amount    bigint      NOT NULL CHECK (amount > 0), -- on top of the limit
    reason    text        NOT NULL DEFAULT '',
    state     text        NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired')),
    requester text        NOT NULL,                    -- key id, or user
    decider   text        NOT NULL DEFAULT '',
    note      text        NOT NULL DEFAULT '',
    created   timestamptz NOT NULL,
    decided   timestamptz,
    until     timestamptz NOT NULL                     -- what is pending lapses then, what is approved ends
);
CREATE INDEX approvals_open ON approvals (until) WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_created ON approvals (created, id);

-- The counters of limits as they were last told, for reading while the ledger
-- cannot be asked, and after a period.
CREATE TABLE quota_mirror (
    scope    text        NOT NULL,
    subject  text        NOT NULL,
    model    text        NOT NULL DEFAULT '',
    metric   text        NOT NULL,
    "window" text        NOT NULL,
    period   text        NOT NULL,
    max      bigint      NOT NULL,
    used     bigint      NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (scope, subject, model, metric, "window", period)
);

-- +goose Down
DROP TABLE quota_mirror;
DROP TABLE approvals;
DELETE FROM usage_shown WHERE model <> '';
ALTER TABLE usage_shown DROP CONSTRAINT usage_shown_pkey, DROP COLUMN model, ADD PRIMARY KEY (scope, subject, metric, "window", period);
DELETE FROM usage_thresholds WHERE model <> '';
ALTER TABLE usage_thresholds DROP CONSTRAINT usage_thresholds_pkey, DROP COLUMN model, ADD PRIMARY KEY (scope, subject, metric, "window", period, max, threshold);
DELETE FROM limits WHERE model <> '' OR metric = 'parallel' OR action IN ('throttle', 'approve');
ALTER TABLE limits
    DROP CONSTRAINT limits_pkey, DROP COLUMN model, ADD PRIMARY KEY (scope, subject, metric, "window"),
    DROP CONSTRAINT limits_metric_check, DROP CONSTRAINT limits_window_check, DROP CONSTRAINT limits_action_check,
    ADD CONSTRAINT limits_metric_check CHECK (metric IN ('requests', 'tokens', 'money')),
    ADD CONSTRAINT limits_window_check CHECK ("window" IN ('minute', 'day', 'week', 'month')),
    ADD CONSTRAINT limits_action_check CHECK (action IN ('alert', 'deny'));
