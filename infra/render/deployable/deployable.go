// Package deployable lists what is deployed: every function of the catalogue, the
// dispatcher, the worker of the workflows and the migration, each with the
// variables that its process reads and the peers that those name. Renderers of
// every target begin here; none of them is known here.
package deployable

import (
	"fmt"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/config"
	"github.com/d-coder-ai/dcoder/shared/function"
)

// Kind says how a deployable runs.
type Kind int

// The kinds.
const (
	Function Kind = iota // answers requests and scales to zero
	Poller               // takes work from somewhere and always runs
	Job                  // runs once for each release
)

// Deployable is one process with an image of its own.
type Deployable struct {
	Name      string
	Kind      Kind
	Package   string // of its main, within the module
	Func      function.Func
	Variables []config.Variable
	Scale     function.Scaling
}

// others are the deployables that are no function.
var others = []Deployable{
	{Name: "dispatcher", Kind: Poller, Package: "functions/cmd/dispatcher", Scale: function.Scaling{CPU: "100m", Memory: "128Mi"}},
	{Name: "kongsync", Kind: Poller, Package: "functions/cmd/kongsync", Scale: function.Scaling{CPU: "20m", Memory: "64Mi"}},
	{Name: "worker", Kind: Poller, Package: "workflows/cmd/worker", Scale: function.Scaling{CPU: "100m", Memory: "256Mi"}},
	{Name: "migrate", Kind: Job, Package: "functions/cmd/migrate", Scale: function.Scaling{CPU: "100m", Memory: "128Mi", Timeout: time.Hour}},
}

// List joins the functions and the rest to the configuration that each reads,
// by name.
func List(funcs []function.Func, configured []config.Deployable) (out []Deployable, err error) {
	for _, f := range funcs {
		out = append(out, Deployable{Name: f.Name, Package: "functions/cmd/" + f.Name, Func: f, Scale: f.Scale})
	}
	out = append(out, others...)
	for i := range out {
		at := slices.IndexFunc(configured, func(d config.Deployable) bool { return d.Name == out[i].Name })
		if at < 0 {
			return nil, fmt.Errorf("%s has no configuration in package settings", out[i].Name)
		}
		out[i].Variables = config.Variables(configured[at].Struct)
	}
	return out, nil
}

// Of returns those of a kind.
func Of(all []Deployable, kind Kind) (out []Deployable) {
	for _, d := range all {
		if d.Kind == kind {
			out = append(out, d)
		}
	}
	return out
}

// Reads reports whether the process reads a variable.
func (d *Deployable) Reads(name string) bool {
	return slices.ContainsFunc(d.Variables, func(v config.Variable) bool { return v.Name == name })
}

// Hears lists the functions that hear events: each has a durable consumer of its
// own name.
func Hears(all []Deployable) (names []string) {
	for _, d := range all {
		if len(d.Func.Events) > 0 {
			names = append(names, d.Name)
		}
	}
	slices.Sort(names)
	return names
}
