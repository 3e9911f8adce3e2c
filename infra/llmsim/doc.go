// Package llmsim is a provider of language models that runs on this machine: it
// speaks OpenAI's, Anthropic's, Google's and Groq's HTTP APIs, as JSON and as
// server-sent events, so that every test and the first demo run without an
// account. It counts what it served, request by request, so that a test can
// compare a gateway's books with the truth; and it fails on demand in the ways
// that providers fail.
//
// It is not a model: it quotes the sentence of its context that fits the
// question best, calls the tools that the question names, and fills in schemas.
// Its tokenizer is its own; what it reports as usage is exact by it.
//
// Models whose names begin with "sim-" carry their behaviour in the name (see
// parseMagic); POST /_sim/faults sets behaviour for any model, key or path.
package llmsim
