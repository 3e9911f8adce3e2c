package anthropic

import (
	"slices"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm"
)

// betas are the names of anthropic-beta, without their dates, that a client may
// switch on: they change what a message is or says. Left out, and named as
// dropped, is everything else: what costs by another price list, what reaches
// other servers or stored files of the account, and what is about credentials.
// See docs/decisions/0054.
var betas = []string{
	"advanced-tool-use", "claude-code", "compact", "computer-use", "context-1m", "context-management", "effort",
	"extended-cache-ttl", "fine-grained-tool-streaming", "interleaved-thinking", "max-tokens-3-5-sonnet",
	"mid-conversation-tool-changes", "output-128k", "pdfs", "prompt-caching", "structured-outputs", "token-efficient-tools",
	"tool-examples", "tool-search-tool",
}

// passes returns the header as the provider may get it; the others are noted as
// dropped.
func passes(req *llm.Request) string {
	var kept []string
	for name := range strings.SplitSeq(req.Beta, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
		case known(name):
			kept = append(kept, name)
		default:
			req.Dropped = append(req.Dropped, "anthropic-beta:"+llm.Shorten(name))
		}
	}
	return strings.Join(kept, ",")
}

// known compares a name without its date: "context-1m-2025-08-07".
func known(name string) bool {
	const date = len("-2025-08-07")
	if at := len(name) - date; at > 0 && isDate(name[at:]) {
		return slices.Contains(betas, name[:at])
	}
	const short = len("-20250219")
	if at := len(name) - short; at > 0 && isDate(name[at:]) {
		return slices.Contains(betas, name[:at])
	}
	return false
}

func isDate(s string) bool {
	return s[0] == '-' && !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') })
}
