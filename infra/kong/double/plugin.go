package double

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/d-coder-ai/dcoder/infra/kong/declarative"
)

// place is where a plugin stands; limits count by it.
type place struct{ service, route string }

// kind is a plugin that is implemented: Kong's priority of it, and how it is made
// of its configuration.
type kind struct {
	priority int
	build    func(g *Gateway, where place, raw json.RawMessage) (any, error)
}

// kinds with the priorities of Kong 3.9: higher ones run first.
var kinds = map[string]kind{
	"pre-function":          {1000000, buildFunction},
	"correlation-id":        {100001, buildCorrelation},
	"request-size-limiting": {951, buildSize},
	"rate-limiting":         {910, buildRate},
	"request-transformer":   {801, buildTransformer},
	"opentelemetry":         {14, buildTelemetry},
	"prometheus":            {13, buildPrometheus},
	"request-termination":   {2, buildTermination},
}

// order is all names, by priority.
var order = slices.SortedFunc(maps.Keys(kinds), func(a, b string) int { return kinds[b].priority - kinds[a].priority })

func (g *Gateway) plugin(where place, p declarative.Plugin) (any, error) {
	k, known := kinds[p.Name]
	if !known {
		return nil, errors.New("it is not implemented here")
	}
	return k.build(g, where, p.Config)
}

// read takes a plugin's configuration into a struct whose fields are those that
// are implemented.
func read(raw json.RawMessage, into any) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("config: %w", err)
	}
	return nil
}
