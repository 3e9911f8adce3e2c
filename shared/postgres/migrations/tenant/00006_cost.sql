-- +goose Up

-- What prices tell apart besides: see dcoder.Tokens and dcoder.Price.
ALTER TABLE usage
    ADD COLUMN cached_audio_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN image_output_tokens bigint NOT NULL DEFAULT 0,
    ADD COLUMN web_searches        bigint NOT NULL DEFAULT 0,
    ADD COLUMN service_tier        text   NOT NULL DEFAULT ''; -- as the provider answered

-- +goose Down
ALTER TABLE usage DROP COLUMN cached_audio_tokens, DROP COLUMN image_output_tokens, DROP COLUMN web_searches, DROP COLUMN service_tier;
