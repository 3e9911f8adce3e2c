// Package generate translates Google's generateContent protocol, as AI Studio
// (generativelanguage.googleapis.com) and Vertex AI (aiplatform.googleapis.com)
// speak it, to the canonical form of a call and from it. It is pure: it opens no
// connection, knows no model, and does not fetch the pictures that a request
// names by URL; what differs between models and between the two services comes in
// as canonical.Ability.
//
// Source: ai.google.dev/api/generate-content (v1beta) and
// cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference (v1).
package generate

import "github.com/d-coder-ai/dcoder/shared/llm/canonical"

// Protocol is Google's generateContent. The model and whether the answer is
// streamed stand in the URL and not in the body, so requests that it reads have
// neither.
var Protocol canonical.Protocol = protocol{}

type protocol struct{}

// Shape implements canonical.Protocol.
func (protocol) Shape() canonical.Shape { return canonical.Generate }

// NewReader implements canonical.Protocol. The Reader is a canonical.Ender.
func (protocol) NewReader() canonical.Reader { return &reader{} }

// NewWriter implements canonical.Protocol.
func (protocol) NewWriter(*canonical.Request) canonical.Writer { return &writer{} }
