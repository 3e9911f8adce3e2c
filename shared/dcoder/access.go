package dcoder

import "time"

// VirtualKey is a key as its administrators see it: everything but its secret.
type VirtualKey struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	User          string       `json:"user,omitempty"`
	Group         string       `json:"group,omitempty"`
	Role          Role         `json:"role"`
	Scopes        []Permission `json:"scopes,omitempty"` // narrow what the role gives; empty: all of it
	Models        []string     `json:"models,omitempty"` // exact names, or prefixes ending in *; empty: all the tenant has
	Blocked       bool         `json:"blocked"`
	Created       time.Time    `json:"created"`
	Expires       time.Time    `json:"expires,omitzero"`       // zero: never
	Rotated       time.Time    `json:"rotated,omitzero"`       // when its secret was last replaced
	PreviousUntil time.Time    `json:"previousUntil,omitzero"` // until when the secret before it is good as well
	LastUsed      time.Time    `json:"lastUsed,omitzero"`      // by a model call or a change; the reads of an administrator do not count
}

// Provider is a tenant's credential with a provider of models: everything but
// its secret.
type Provider struct {
	Name    string    `json:"name"`             // the tenant's name for it
	Dialect string    `json:"dialect"`          // "openai", "groq", "anthropic", "google", "vertex"
	BaseURL string    `json:"baseUrl"`          // scheme, host and path prefix
	Models  []string  `json:"models,omitempty"` // models that the tenant offers from it; empty: what the catalogue knows
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// Alias is a model name of the tenant's own.
type Alias struct {
	Alias   string    `json:"alias"`
	Targets []Target  `json:"targets"`
	Updated time.Time `json:"updated"`
	Route
}

// Position is a place in a list that is ordered by time, then id.
type Position struct {
	At time.Time `json:"a"`
	ID string    `json:"i"`
}
