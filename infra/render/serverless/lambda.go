package serverless

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// Lambda is one function as AWS Lambda runs it.
type Lambda struct {
	Name        string   `json:"name"`
	Package     string   `json:"package"`  // of its main, within the module
	Memory      int      `json:"memoryMB"` // Lambda gives CPU by memory
	Timeout     int      `json:"timeoutSeconds"`
	Streams     bool     `json:"streams"` // its URL needs RESPONSE_STREAM
	Routes      []Route  `json:"routes"`
	Events      []Event  `json:"events"`
	Environment []string `json:"environment"` // variables that it reads
	Secrets     []string `json:"secrets"`     // those that come from Secrets Manager
}

// Route is a method and a path with {wildcards}; one that ends in ... takes the
// rest of the path.
type Route struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	MaxBody int64  `json:"maxBodyBytes"`
}

// Event is a type that it hears, and how many at once.
type Event struct {
	Type  string `json:"type"`
	Batch int    `json:"batch"`
}

const (
	longest      = 15 * time.Minute // that Lambda runs
	memoryPerCPU = 1769             // MB at which Lambda gives a whole processor
	leastMemory  = 128
)

// Lambdas renders the list of functions.
func Lambdas(all []deployable.Deployable) (manifest.File, error) {
	var out []Lambda
	for _, d := range deployable.Of(all, deployable.Function) {
		l, err := lambda(&d)
		if err != nil {
			return manifest.File{}, fmt.Errorf("function %s: %w", d.Name, err)
		}
		out = append(out, l)
	}
	return manifest.JSON(Functions, map[string]any{"functions": out})
}

func lambda(d *deployable.Deployable) (l Lambda, err error) {
	l = Lambda{
		Name: d.Name, Package: d.Package, Timeout: int(min(d.Scale.Timeout, longest).Seconds()),
		Routes: []Route{}, Events: []Event{}, Environment: []string{}, Secrets: []string{},
	}
	if l.Memory, err = memory(d.Scale.CPU, d.Scale.Memory); err != nil {
		return l, err
	}
	for _, r := range d.Func.Routes {
		l.Routes = append(l.Routes, Route{r.Method, r.Path, r.MaxBody})
		l.Streams = l.Streams || r.Schema != nil && r.Schema.Streams != nil
	}
	for _, e := range d.Func.Events {
		l.Events = append(l.Events, Event{e.Type, e.Batch})
	}
	for _, v := range d.Variables {
		switch {
		case v.Name == "PORT" || v.Name == "DCODER_HOST":
		case v.Secret:
			l.Secrets = append(l.Secrets, v.Name)
		default:
			l.Environment = append(l.Environment, v.Name)
		}
	}
	return l, nil
}

// memory is enough for what the function asks of memory and of CPU, "250m" and
// "256Mi", in steps of 64 MB.
func memory(cpu, mebibytes string) (int, error) {
	milli, err := strconv.Atoi(strings.TrimSuffix(cpu, "m"))
	if err != nil {
		return 0, fmt.Errorf("CPU %q is not in thousandths: %w", cpu, err)
	}
	m, err := strconv.Atoi(strings.TrimSuffix(mebibytes, "Mi"))
	if err != nil {
		return 0, fmt.Errorf("memory %q is not in Mi: %w", mebibytes, err)
	}
	need := max(m, milli*memoryPerCPU/1000, leastMemory)
	return cmp.Or((need+63)/64*64, leastMemory), nil
}
