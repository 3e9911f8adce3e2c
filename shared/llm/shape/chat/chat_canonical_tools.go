package chat

import (
	"encoding/json"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

func readTools(r *canonical.Request, key string, v json.RawMessage) error {
	if kind(v) != '[' {
		return dcoder.Invalid(key, "%s must be a list", key)
	}
	if len(r.Tools) == 0 && kind(trim(v[1:])) == ']' {
		r.Extra[key] = v // said, and empty
	}
	for i, e := range elements(v) {
		t, err := readTool(key+"["+strconv.Itoa(i)+"]", e)
		if err != nil {
			return err
		}
		r.Tools = append(r.Tools, t)
	}
	return nil
}

// readTool reads a function; a tool of another type stands whole in Extra.
func readTool(path string, v json.RawMessage) (t canonical.Tool, err error) {
	way, ok := text(member(v, "type"))
	if !ok {
		return t, dcoder.Invalid(path+".type", "type must be a string")
	}
	if way != "function" {
		t.Type, t.Extra = way, without(v)
		t.Name, _ = text(member(member(v, way), "name"))
		return t, nil
	}
	f := member(v, "function")
	if t, err = readFunction(path+".function", f); err != nil {
		return t, err
	}
	t.Cache = readCache(&t.Extra, member(v, "cache_control"))
	for name, x := range without(v, "type", "function", "cache_control") {
		set(&t.Extra, name, x)
	}
	return t, nil
}

// readFunction reads a function's definition. Its unknown fields stand in Extra
// under "function".
func readFunction(path string, v json.RawMessage) (t canonical.Tool, err error) {
	if t.Name, _ = text(member(v, "name")); t.Name == "" {
		return t, dcoder.Invalid(path+".name", "a function needs a name")
	}
	inner := canonical.Extra{}
	for key, x := range members(v) {
		switch b, isBool := boolean(x); {
		case key == "name":
		case key == "description" && kind(x) == '"' && len(x) > 2:
			t.Description, _ = text(x)
		case key == "parameters" && kind(x) == '{':
			t.Schema = x
		case key == "strict" && isBool:
			t.Strict = &b
		default:
			inner[key] = x
		}
	}
	if len(inner) > 0 {
		set(&t.Extra, "function", joined(inner))
	}
	return t, nil
}

func set(e *canonical.Extra, name string, v json.RawMessage) {
	if *e == nil {
		*e = canonical.Extra{}
	}
	(*e)[name] = v
}

// joined writes fields as one object.
func joined(e canonical.Extra) json.RawMessage {
	return nested(nil, func(o *object) { o.extra(e) })
}

// readCache reads {"type": "ephemeral", "ttl"}; another form of it stands in e
// besides.
func readCache(e *canonical.Extra, v json.RawMessage) *canonical.CacheControl {
	if kind(v) != '{' {
		return nil
	}
	c := &canonical.CacheControl{}
	c.TTL, _ = text(member(v, "ttl"))
	if way, _ := text(member(v, "type")); way != "ephemeral" || without(v, "type", "ttl") != nil {
		set(e, "cache_control", v)
	}
	return c
}

var choiceWords = map[string]canonical.ChoiceMode{
	"auto": canonical.ChooseAuto, "none": canonical.ChooseNone, "required": canonical.ChooseAny,
}

// readChoice reads a word, a function's name, or another form that stands whole
// in Extra.
func readChoice(r *canonical.Request, key string, v json.RawMessage) error {
	if word, ok := text(v); ok {
		mode, known := choiceWords[word]
		if !known {
			return dcoder.Invalid(key, "%s must be auto, none, required or a function", key)
		}
		r.Choice = &canonical.Choice{Mode: mode}
		return nil
	}
	way, _ := text(member(v, "type"))
	name, named := text(member(member(v, way), "name"))
	switch {
	case way == "function" && named && name != "":
		r.Choice = &canonical.Choice{Mode: canonical.ChooseNamed, Name: name}
	case way == "allowed_tools":
		word, _ := text(member(member(v, way), "mode"))
		r.Choice = &canonical.Choice{Mode: choiceWords[word], Extra: without(v)}
	case way == "custom" && named:
		r.Choice = &canonical.Choice{Mode: canonical.ChooseNamed, Name: name, Extra: without(v)}
	default:
		return dcoder.Invalid(key, "%s must be auto, none, required or a function", key)
	}
	if r.Choice.Mode == "" {
		return dcoder.Invalid(key+".allowed_tools.mode", "mode must be auto or required")
	}
	return nil
}

// readFormat reads response_format. Unknown fields of the schema's frame stand in
// Extra under "json_schema".
func readFormat(r *canonical.Request, key string, v json.RawMessage) error {
	way, ok := text(member(v, "type"))
	if !ok {
		return dcoder.Invalid(key+".type", "type must be text, json_object or json_schema")
	}
	f := &canonical.Format{Type: way, Extra: without(v, "type", "json_schema")}
	r.Format = f
	s := member(v, "json_schema")
	if way != "json_schema" {
		if s != nil {
			set(&f.Extra, "json_schema", s)
		}
		return nil
	}
	if kind(s) != '{' {
		return dcoder.Invalid(key+".json_schema", "json_schema must be an object")
	}
	t, err := readFunction(key+".json_schema", s)
	if err != nil {
		return err
	}
	f.Name, f.Description, f.Strict = t.Name, t.Description, t.Strict
	inner := without(t.Extra["function"], "schema")
	if t.Schema != nil { // a field of another meaning here
		set(&inner, "parameters", t.Schema)
	}
	if f.Schema = member(s, "schema"); f.Schema != nil && kind(f.Schema) != '{' {
		return dcoder.Invalid(key+".json_schema.schema", "schema must be an object")
	}
	if len(inner) > 0 {
		set(&f.Extra, "json_schema", joined(inner))
	}
	return nil
}
