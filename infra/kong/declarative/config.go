// Package declarative is the part of Kong's declarative configuration (format
// 3.0, for Kong 3.9 without a database) that this project writes and reads. A
// field that is not here is refused, so that a file never promises what whoever
// reads it does not keep. What plugins do is not its business; their own
// configuration stays raw.
package declarative

import "encoding/json"

// Config is a file.
type Config struct {
	FormatVersion string     `json:"_format_version"`
	Services      []Service  `json:"services,omitempty"`
	Routes        []Route    `json:"routes,omitempty"` // without a service: a plugin answers
	Consumers     []Consumer `json:"consumers,omitempty"`
	Plugins       []Plugin   `json:"plugins,omitempty"` // global ones
}

// Service is an upstream. Times are milliseconds; absent ones are a minute.
type Service struct {
	Name           string   `json:"name"`
	URL            string   `json:"url"` // "http://chat.dcoder.svc.cluster.local:80"
	ConnectTimeout *int     `json:"connect_timeout,omitempty"`
	ReadTimeout    *int     `json:"read_timeout,omitempty"`  // between two reads
	WriteTimeout   *int     `json:"write_timeout,omitempty"` // between two writes
	Retries        *int     `json:"retries,omitempty"`       // default 5
	Routes         []Route  `json:"routes,omitempty"`
	Plugins        []Plugin `json:"plugins,omitempty"`
	Tags           []string `json:"tags,omitempty"`
}

// Route says which requests are meant. A request must match each kind of field
// that is there, and one of its values.
type Route struct {
	Name              string              `json:"name"`
	Hosts             []string            `json:"hosts,omitempty"`   // "*.example.com" stands for one that ends so
	Paths             []string            `json:"paths,omitempty"`   // a prefix, or "~" and a regular expression
	Methods           []string            `json:"methods,omitempty"` // in capitals
	Headers           map[string][]string `json:"headers,omitempty"` // one value of each name
	Protocols         []string            `json:"protocols,omitempty"`
	StripPath         *bool               `json:"strip_path,omitempty"`         // default true
	PreserveHost      *bool               `json:"preserve_host,omitempty"`      // default false
	RequestBuffering  *bool               `json:"request_buffering,omitempty"`  // default true
	ResponseBuffering *bool               `json:"response_buffering,omitempty"` // default true
	RegexPriority     int                 `json:"regex_priority,omitempty"`
	Plugins           []Plugin            `json:"plugins,omitempty"`
	Tags              []string            `json:"tags,omitempty"`
}

// Consumer is somebody whom limits and plugins know by name: here a tenant.
type Consumer struct {
	Username string   `json:"username"`
	Plugins  []Plugin `json:"plugins,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// Plugin is one plugin in one place.
type Plugin struct {
	Name    string          `json:"name"`
	Enabled *bool           `json:"enabled,omitempty"` // default true
	Config  json.RawMessage `json:"config,omitempty"`
	Tags    []string        `json:"tags,omitempty"`
}

// Set returns a plugin with a configuration of plain values. It panics on what
// JSON cannot say: a programmer's mistake.
func Set(name string, config any) Plugin {
	raw, err := json.Marshal(config)
	if err != nil {
		panic("configuration of " + name + ": " + err.Error())
	}
	return Plugin{Name: name, Config: raw}
}

// Or is the value that p points to, or the default.
func Or[T any](p *T, fallback T) T {
	if p == nil {
		return fallback
	}
	return *p
}
