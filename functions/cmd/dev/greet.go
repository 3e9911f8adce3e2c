package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// greet prints what a newcomer needs: where things are, the key, and three
// commands worth trying.
func greet(w io.Writer, base string, d *demo, list []provider, simulator, keptIn string) {
	fmt.Fprintf(w, `
D.Coder is ready.

  API               %s/v1   (OpenAI SDKs: base_url)
  documentation     %s/openapi.json
  providers         %s
  workflows         %s
  demo tenant       %s
  demo key          %s
  kept in           %s

Worth trying:

  1. a streamed completion
     curl -N %s/v1/chat/completions -H 'Authorization: Bearer %s' \
       -H 'Content-Type: application/json' \
       -d '{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"What is a virtual key?"}]}'

  2. what it cost, a moment later
     curl -s %s/v1/usage -H 'Authorization: Bearer %s'

  3. a budget of five dollars a month that is never passed
     curl -s -X PUT %s/v1/quotas -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \
       -d '{"limits":[{"scope":"tenant","metric":"money","window":"month","max":5000000,"action":"deny"}]}'

Ctrl-C ends it; the stack (make status) keeps running until make down.
`,
		base, base, backing(list, simulator), os.Getenv("DCODER_TEMPORAL_UI"), d.Tenant, d.APIKey, keptIn,
		base, d.APIKey, base, d.APIKey, base, d.APIKey)
}

func backing(list []provider, simulator string) string {
	var names []string
	for _, p := range list {
		where := "simulated"
		if p.real {
			where = "the real one"
		}
		names = append(names, p.name+" ("+where+")")
	}
	return strings.Join(names, ", ") + "; simulator at " + simulator
}
