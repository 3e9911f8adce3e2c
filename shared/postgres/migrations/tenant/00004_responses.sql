-- +goose Up

-- Answers of /v1/responses that a client asked to keep: what it sent and what it
-- got, sealed. previous is the answer that this one continues. An owner sees its
-- own alone; ids come from providers, so they are unique for an owner only.
CREATE TABLE responses (
    owner    text        NOT NULL, -- user:ID, or key:ID of a key without a user
    id       text        NOT NULL,
    previous text        NOT NULL DEFAULT '',
    items    text[]      NOT NULL DEFAULT '{}', -- ids of what was said, for references to them
    bytes    bigint      NOT NULL,              -- of input and response before they were sealed
    input    bytea       NOT NULL,              -- sealed list of items
    response bytea       NOT NULL,              -- sealed response object
    created  timestamptz NOT NULL,
    expires  timestamptz NOT NULL,
    PRIMARY KEY (owner, id)
);
ALTER TABLE responses ALTER COLUMN input SET STORAGE EXTERNAL, ALTER COLUMN response SET STORAGE EXTERNAL;
CREATE INDEX responses_expires ON responses (expires);
CREATE INDEX responses_items ON responses USING gin (items);

-- +goose Down
DROP TABLE responses;
