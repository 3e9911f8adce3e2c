// Package config reads the configuration of a deployable from its environment,
// once, into one struct. Every variable may also come from a file, named by the
// same variable with _FILE behind it. All wrong values are named in one error,
// and no value of any is shown.
//
// A field looks like this; the documentation page and the manifests are made of
// the same tags:
//
//	URL Secret `env:"DCODER_REDIS_URL" required:"true" example:"redis://127.0.0.1:6379/0" doc:"Redis of ledger and snapshots"`
//
// Nested structs are walked, so a deployable's struct is a list of groups. The
// package knows no server: what a value is good for is its reader's business.
package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
)

// Load fills the structs that into points to from the environment. Give it all
// of a process' structs at once, so that one error names every fault.
func Load(into ...any) error { return load(os.LookupEnv, os.ReadFile, into) }

type (
	lookup func(name string) (string, bool)
	read   func(path string) ([]byte, error)
)

func load(env lookup, file read, into []any) error {
	var faults []error
	for _, target := range into {
		for _, v := range variables(reflect.ValueOf(target).Elem()) {
			if err := v.fill(env, file); err != nil {
				faults = append(faults, fmt.Errorf("%s: %w", v.Name, err))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("configuration: %w", errors.Join(faults...))
}

// Variable is one field of a configuration struct.
type Variable struct {
	Name     string // of the environment variable
	Type     string // "string", "duration" ...
	Required bool
	Secret   bool
	Default  string
	Example  string
	Doc      string

	field reflect.Value
}

// Variables lists the fields of configuration structs in their order.
func Variables(structs ...any) (out []Variable) {
	for _, s := range structs {
		v := reflect.New(reflect.Indirect(reflect.ValueOf(s)).Type()).Elem()
		out = append(out, variables(v)...)
	}
	return out
}

// variables panics on a field that it cannot fill: the first test meets it.
func variables(s reflect.Value) (out []Variable) {
	for i := range s.NumField() {
		field, tag := s.Field(i), s.Type().Field(i).Tag
		name, isVariable := tag.Lookup("env")
		if !isVariable {
			if field.Kind() == reflect.Struct {
				out = append(out, variables(field)...)
			}
			continue
		}
		kind, known := kinds[field.Type()]
		if !known {
			panic(fmt.Sprintf("config: %s is a %s, which no parser knows", name, field.Type()))
		}
		out = append(out, Variable{
			Name: name, Type: kind.name, Required: tag.Get("required") == "true", Secret: kind.secret,
			Default: tag.Get("default"), Example: tag.Get("example"), Doc: tag.Get("doc"), field: field,
		})
	}
	return out
}

func (v *Variable) fill(env lookup, file read) error {
	text, err := v.text(env, file)
	if err != nil || text == "" {
		return err
	}
	value, err := kinds[v.field.Type()].parse(text)
	if err != nil {
		return fmt.Errorf("not a %s%s", v.Type, v.hint())
	}
	v.field.Set(reflect.ValueOf(value))
	return nil
}

func (v *Variable) hint() string {
	if v.Example == "" {
		return ""
	}
	return fmt.Sprintf(" (for example %s)", v.Example)
}

// text is what the environment says, or a file that it names, or the default.
func (v *Variable) text(env lookup, file read) (string, error) {
	text, _ := env(v.Name)
	path, _ := env(v.Name + "_FILE")
	switch {
	case text != "" && path != "":
		return "", fmt.Errorf("set together with %s_FILE; set one", v.Name)
	case path != "":
		raw, err := file(path)
		if err != nil {
			return "", fmt.Errorf("read %s_FILE: %w", v.Name, err)
		}
		text = strings.TrimRight(string(raw), "\r\n")
	}
	if text == "" {
		text = v.Default
	}
	if text == "" && v.Required {
		return "", fmt.Errorf("missing: %s%s", v.Doc, v.hint())
	}
	return text, nil
}
