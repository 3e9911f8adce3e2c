-- +goose Up

-- How an alias chooses among its targets, as dcoder.Route says.
ALTER TABLE aliases ADD COLUMN route jsonb NOT NULL DEFAULT '{}';

-- Calls that another provider or model served than the one that failed first;
-- usage_days sums what they cost under the scope 'failover'.
ALTER TABLE usage ADD COLUMN failover boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE usage DROP COLUMN failover;
ALTER TABLE aliases DROP COLUMN route;
