package llmsim

import (
	"bytes"
	"strings"
)

// Instant answers replay the bytes of the first answer of the same path, model
// and shape, and never decode the request: a benchmark's upstream should cost
// little beside the gateway that it measures.

type scriptKey struct {
	path, model   string
	stream, usage bool
}

// shelved returns the stored answer, or nil when the request is not for one or
// is the first of its kind.
func (x *exchange) shelved() *asked {
	k, ok := x.scriptKey()
	if !ok || !x.s.cfg.Instant && !strings.HasPrefix(k.model, "sim-instant") {
		return nil
	}
	v, ok := x.s.scripts.Load(k)
	if !ok {
		return nil
	}
	sc := v.(*script)
	return &asked{model: k.model, shelved: true, write: func(*Fault) (*script, *problem) { return sc, nil }}
}

func (x *exchange) shelve(model string, sc *script) {
	if k, ok := x.scriptKey(); ok && k.model == model {
		x.s.scripts.LoadOrStore(k, sc)
	}
}

// scriptKey reads model and shape off the raw body; for Google's paths, which
// name the model, off the path alone.
func (x *exchange) scriptKey() (scriptKey, bool) {
	k := scriptKey{path: x.r.URL.Path, model: x.r.PathValue("call")}
	if k.model != "" {
		k.model, _, _ = strings.Cut(k.model, ":")
		return k, true
	}
	model := rawField(x.body, `"model"`)
	if len(model) < 2 || model[0] != '"' {
		return k, false
	}
	end := bytes.IndexByte(model[1:], '"')
	if end < 0 {
		return k, false
	}
	k.model = string(model[1 : 1+end])
	k.stream = bytes.HasPrefix(rawField(x.body, `"stream"`), []byte("true"))
	k.usage = bytes.HasPrefix(rawField(x.body, `"include_usage"`), []byte("true"))
	return k, true
}

// rawField returns what follows the first occurrence of a field's name.
func rawField(body []byte, name string) []byte {
	i := bytes.Index(body, []byte(name))
	if i < 0 {
		return nil
	}
	return bytes.TrimLeft(body[i+len(name):], " \t\r\n:")
}
