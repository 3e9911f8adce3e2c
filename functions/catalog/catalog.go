// Package catalog is the visible list of all functions: what is rendered, what
// the one-process local run hosts, and what the tests of the house look at. A new
// function is a folder and one line here.
//
// It holds values without dependencies and serves nobody.
package catalog

import (
	"github.com/d-coder-ai/dcoder/functions/access"
	"github.com/d-coder-ai/dcoder/functions/chat"
	"github.com/d-coder-ai/dcoder/functions/deadletters"
	"github.com/d-coder-ai/dcoder/functions/embed"
	"github.com/d-coder-ai/dcoder/functions/quota"
	"github.com/d-coder-ai/dcoder/functions/settings"
	"github.com/d-coder-ai/dcoder/functions/tenants"
	"github.com/d-coder-ai/dcoder/functions/usage"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// All returns the functions without their dependencies: routes, events,
// permissions and scale can be read, and nothing can be called.
func All() []function.Func {
	return []function.Func{
		chat.New(chat.Deps{}),
		embed.New(embed.Deps{}),
		usage.New(usage.Deps{}),
		quota.New(quota.Deps{}),
		tenants.New(tenants.Deps{}),
		access.New(access.Deps{}),
		deadletters.New(deadletters.Deps{}),
		settings.New(settings.Deps{}),
	}
}
