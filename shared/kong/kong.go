// Package kong tells Kong which tenants there are. A Kong without a database
// knows what it was given last: a whole configuration by POST /config of its admin
// API. Sync compares, again and again, what should be in force with what is, and
// so mends a Kong that was started anew, one that missed a tenant, and one that
// still knows a tenant that is gone.
//
// What the configuration says else comes from a file that is rendered; the package
// adds the tenants and knows nothing of routes.
package kong

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

type object = map[string]any

// withTenants is the configuration with a consumer for each tenant. Kong names
// them by the public part of a virtual key; limits count by them.
func withTenants(rendered []byte, tenants []dcoder.Tenant) ([]byte, error) {
	var config object
	if err := yaml.Unmarshal(rendered, &config); err != nil {
		return nil, fmt.Errorf("read Kong's configuration: %w", err)
	}
	if config["_format_version"] == nil {
		return nil, fmt.Errorf("read Kong's configuration: _format_version is missing")
	}
	tenants = slices.SortedFunc(slices.Values(tenants), func(a, b dcoder.Tenant) int { return strings.Compare(a.ID, b.ID) })
	consumers := make([]object, len(tenants))
	for i, t := range tenants {
		consumers[i] = consumer(t)
	}
	config["consumers"] = consumers
	return json.Marshal(config)
}

func consumer(t dcoder.Tenant) object {
	out := object{"username": t.ID, "tags": []string{"tenant"}}
	if !isServed(t.State) {
		out["plugins"] = []object{{"name": "request-termination", "config": object{
			"status_code": http.StatusUnauthorized, "content_type": "application/json", "body": closedBody,
		}}}
	}
	return out
}

// isServed reports whether the functions have anything to say to a tenant: those
// of a suspended one are told so, by a function that has proven their key.
func isServed(state dcoder.TenantState) bool {
	switch state {
	case dcoder.StateActive, dcoder.StateSuspended, dcoder.StateProvisioning, dcoder.StateFailed:
		return true
	}
	return false
}

// closedBody is what a key that is no good gets: nothing else is known of who asks.
const closedBody = `{"error":{"code":"invalid_api_key","message":"no valid API key: send yours as Authorization: Bearer dck_... or as x-api-key; it may be blocked, expired or replaced"}}`
