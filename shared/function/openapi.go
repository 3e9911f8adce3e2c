package function

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// apiVersion is the version of the API as a whole, as its paths say.
const apiVersion = "1"

// OpenAPI returns the OpenAPI 3.1 document of the functions' routes, the
// streaming ones too, as indented JSON. It is the same bytes for the same
// functions.
func OpenAPI(funcs ...Func) ([]byte, error) {
	api, _, err := newAPI(funcs)
	if err != nil {
		return nil, err
	}
	return document(api, funcs)
}

// document completes what huma described: the Handles, the errors and who may.
func document(api huma.API, funcs []Func) (raw []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("describe the functions' schemas: %v", p)
		}
	}()
	doc := api.OpenAPI()
	doc.Info.Description = "One API of small functions. Every route names the permission that it demands in x-dcoder-permission."
	doc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "a virtual key, dck_..."},
	}
	registry := doc.Components.Schemas
	closed := maps.Clone(registry.Map())
	for _, f := range funcs {
		for _, r := range f.Routes {
			op := operation(f.Name, r)
			if r.typed == nil {
				describe(registry, op, r.Schema)
				doc.AddOperation(op)
			}
		}
	}
	for name, schema := range registry.Map() {
		if closed[name] == nil && schema.AdditionalProperties == false {
			schema.AdditionalProperties = true // a Handle forwards what it does not know
		}
	}
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			op.Responses["default"] = errorResponse(registry, op)
		}
	}
	for _, name := range []string{"HumaErrorModel", "HumaErrorDetail"} {
		delete(registry.Map(), name) // huma's error object, which no route answers with
	}
	return json.MarshalIndent(doc, "", "  ")
}

// operation is what a route says about itself.
func operation(function string, r Route) *huma.Operation {
	op := &huma.Operation{
		OperationID: operationID(r), Method: r.Method, Path: openAPIPath(r.Path), Tags: []string{function},
		MaxBodyBytes: -1, BodyReadTimeout: 0, Responses: map[string]*huma.Response{},
		Extensions: map[string]any{"x-dcoder-function": function, "x-dcoder-max-body-bytes": r.MaxBody},
		Metadata:   map[string]any{"envelope": r.Errors},
		Summary:    r.Summary,
	}
	if r.Access == AccessAllowed {
		op.Security = []map[string][]string{{"key": {}}}
		op.Extensions["x-dcoder-permission"] = string(r.Permission)
	}
	return op
}

// operationID names a route for generated clients: "get-v1-keys-id".
func operationID(r Route) string {
	words := strings.FieldsFunc(openAPIPath(r.Path), func(c rune) bool { return strings.ContainsRune("/{}.", c) })
	return strings.ToLower(strings.Join(append([]string{r.Method}, words...), "-"))
}

// openAPIPath turns net/http's wildcards into OpenAPI's: {id...} is {id}.
func openAPIPath(p string) string {
	return strings.ReplaceAll(strings.ReplaceAll(p, "...}", "}"), "{$}", "")
}

// describe adds the schema of a Handle.
func describe(registry huma.Registry, op *huma.Operation, s *Schema) {
	op.Parameters = pathParameters(op.Path)
	ok := &huma.Response{Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{}}
	op.Responses["200"] = ok
	if s == nil {
		return
	}
	if s.Summary != "" {
		op.Summary = s.Summary
	}
	if s.Request != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {Schema: schemaOf(registry, s.Request)},
		}}
	}
	if s.Response != nil {
		ok.Content["application/json"] = &huma.MediaType{Schema: schemaOf(registry, s.Response)}
	}
	if s.Streams != nil {
		ok.Content["text/event-stream"] = &huma.MediaType{Schema: schemaOf(registry, s.Streams)}
	}
}

func schemaOf(registry huma.Registry, v any) *huma.Schema {
	return registry.Schema(reflect.TypeOf(v), true, "")
}

func pathParameters(p string) (params []*huma.Param) {
	for rest := p; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			return params
		}
		name, after, _ := strings.Cut(after, "}")
		params = append(params, &huma.Param{Name: name, In: "path", Required: true, Schema: &huma.Schema{Type: "string"}})
		rest = after
	}
}

func operationsOf(item *huma.PathItem) (ops []*huma.Operation) {
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Options, item.Head, item.Patch, item.Trace} {
		if op != nil {
			ops = append(ops, op)
		}
	}
	return ops
}

func errorResponse(registry huma.Registry, op *huma.Operation) *huma.Response {
	var answer any = ErrorAnswer{}
	switch op.Metadata["envelope"] {
	case EnvelopeOpenAI:
		answer = OpenAIErrorAnswer{}
	case EnvelopeAnthropic:
		answer = AnthropicErrorAnswer{}
	}
	return &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
		"application/json": {Schema: schemaOf(registry, answer)},
	}}
}

// schemaName names a type for the merged document: by its package too, since
// functions name their types alike. Those of the dictionary and of this package
// keep their bare names.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, arguments, ok := strings.Cut(t.Name(), "["); ok {
		for _, m := range typeArgument.FindAllStringSubmatch(arguments, -1) {
			name += qualified(m[1], capital(m[2]))
		}
		return qualified(t.PkgPath(), name)
	}
	return qualified(t.PkgPath(), huma.DefaultSchemaNamer(t, hint))
}

// typeArgument finds the named types among type arguments: path and name.
var typeArgument = regexp.MustCompile(`([\w./~-]*?)\.?(\w+)(?:·\d+)?(?:[,\]]|$)`)

func qualified(pkgPath, name string) string {
	pkg := pkgPath[strings.LastIndexByte(pkgPath, '/')+1:]
	if strings.HasSuffix(pkgPath, "huma/v2") {
		pkg = "huma"
	}
	if pkg == "" || pkg == "dcoder" || pkg == "function" || strings.HasPrefix(strings.ToLower(name), pkg) {
		return name
	}
	return capital(pkg) + name
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
