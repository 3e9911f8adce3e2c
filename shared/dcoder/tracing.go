package dcoder

import "time"

// Tracing is where a tenant wants the spans of its own calls, besides what the
// platform's operators collect: an OTLP endpoint of its own, Langfuse say.
type Tracing struct {
	Endpoint  string    `json:"endpoint"` // base of OTLP/HTTP, without /v1/traces
	PublicKey string    `json:"publicKey"`
	Contents  bool      `json:"contents"` // questions and answers too, with secrets and personal data masked
	Percent   int       `json:"percent"`  // of its calls, 1 to 100
	Updated   time.Time `json:"updated"`
}

// TracingGrant is a Tracing with its secret opened, as a snapshot holds it.
type TracingGrant struct {
	Endpoint  string `json:"endpoint"`
	PublicKey string `json:"public_key"`
	Secret    string `json:"secret"`
	Contents  bool   `json:"contents,omitempty"`
	Percent   int    `json:"percent"`
}
