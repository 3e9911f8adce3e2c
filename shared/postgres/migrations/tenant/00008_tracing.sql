-- +goose Up
-- Where the tenant wants the spans of its own calls: one row, or none.
CREATE TABLE tracing (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    endpoint   text        NOT NULL,
    public_key text        NOT NULL,
    secret     bytea       NOT NULL, -- sealed under the tenant's data key
    contents   boolean     NOT NULL,
    percent    int         NOT NULL CHECK (percent BETWEEN 1 AND 100),
    updated    timestamptz NOT NULL DEFAULT now()
);

-- +goose Down
DROP TABLE tracing;
