package kinship_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/kinship"
	"github.com/d-coder-ai/dcoder/shared/semcache"
)

func asking(question string, before ...canonical.Message) *canonical.Request {
	return &canonical.Request{
		Origin: canonical.Chat, Model: "gpt", System: []canonical.Block{{Kind: canonical.Text, Text: "Be brief."}},
		Messages: append(before, said(canonical.User, question)),
	}
}

func said(role canonical.Role, text string) canonical.Message {
	return canonical.Message{Role: role, Plain: true, Blocks: []canonical.Block{{Kind: canonical.Text, Text: text}}}
}

func key(t *testing.T, r *canonical.Request) string {
	t.Helper()
	p, _, ok := kinship.Of(r, kinship.Caller{Tenant: "t"})
	require.True(t, ok)
	return p.Key()
}

// TestG1TheQuestionAloneDoesNotPart: two questions of one kind meet, and what they
// ask is the last user message.
func TestG1TheQuestionAloneDoesNotPart(t *testing.T) {
	a, b := asking("What is a key?"), asking("What is a lock?")
	require.Equal(t, key(t, a), key(t, b))
	_, ask, _ := kinship.Of(a, kinship.Caller{})
	require.Equal(t, "What is a key?", ask.Text.String())
	require.Empty(t, semcache.Refuse(&ask))
}

// without are fields that do not shape an answer; all others must part requests.
var without = map[string]bool{
	"Stream": true, "UsageInStream": true, "InputEstimate": true, "User": true, "Metadata": true, "Store": true, "ServiceTier": true,
	"SystemPlain": true, "InputPlain": true, "StopPlain": true, "Count": true, "Messages": true,
}

// TestG2EveryFieldParts sets each field of a canonical request, those to come as
// well.
func TestG2EveryFieldParts(t *testing.T) {
	plain := key(t, asking("What is a key?"))
	shape := reflect.TypeFor[canonical.Request]()
	for i := range shape.NumField() {
		name := shape.Field(i).Name
		r := asking("What is a key?")
		if name != "Messages" {
			set(t, name, reflect.ValueOf(r).Elem().Field(i))
		}
		require.Equal(t, without[name], key(t, r) == plain, name)
	}
}

func set(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	switch x := v.Addr().Interface().(type) {
	case *json.RawMessage:
		*x = json.RawMessage(`{"50256":-100}`)
		return
	case *canonical.Extra:
		*x = canonical.Extra{"verbosity": json.RawMessage(`"low"`)}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("other")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	default:
		t.Fatalf("%s: a %s", name, v.Kind())
	}
}

func TestG2HistoryAndCallerPart(t *testing.T) {
	plain := asking("And the second?")
	turns := asking("And the second?", said(canonical.User, "Name two keys"), said(canonical.Assistant, "A and B"))
	require.NotEqual(t, key(t, plain), key(t, turns))
	_, ask, _ := kinship.Of(turns, kinship.Caller{})
	require.Equal(t, 2, ask.Turns)
	require.Equal(t, "turns", semcache.Refuse(&ask), "G5")
	seen := map[string]bool{}
	for _, c := range []kinship.Caller{
		{}, {Tenant: "x"}, {Scope: "x"}, {Provider: "x"}, {Embedder: "x"}, {Knowledge: "x"}, {Shortener: "x"},
	} {
		p, _, ok := kinship.Of(plain, c)
		require.True(t, ok)
		require.False(t, seen[p.Key()], "%+v", c)
		seen[p.Key()] = true
	}
}

func TestFieldsWithoutMeaningOutsideTheForm(t *testing.T) {
	r := asking("What is a key?")
	r.Extra = canonical.Extra{"prompt_cache_key": json.RawMessage(`"a"`)}
	other := asking("What is a key?")
	other.Extra = canonical.Extra{"prompt_cache_key": json.RawMessage(`"b"`)}
	require.Equal(t, key(t, r), key(t, other))
}

// TestG6WhatIsNoQuestion: nothing is near to a picture or to a tool's result.
func TestG6WhatIsNoQuestion(t *testing.T) {
	for name, m := range map[string]canonical.Message{
		"assistant": said(canonical.Assistant, "Well,"), "empty": said(canonical.User, ""), "nothing": {Role: canonical.User},
		"picture": {Role: canonical.User, Blocks: []canonical.Block{{Kind: canonical.Image}}},
		"named":   {Role: canonical.User, Name: "Ann", Blocks: []canonical.Block{{Kind: canonical.Text, Text: "Who am I?"}}},
	} {
		_, _, ok := kinship.Of(&canonical.Request{Messages: []canonical.Message{m}}, kinship.Caller{})
		require.False(t, ok, name)
	}
	_, _, ok := kinship.Of(&canonical.Request{}, kinship.Caller{})
	require.False(t, ok)
	broken := asking("What is a key?")
	broken.LogitBias = json.RawMessage(`{`)
	_, _, ok = kinship.Of(broken, kinship.Caller{})
	require.False(t, ok)
	tools := asking("What is a key?", canonical.Message{Role: canonical.Assistant, Blocks: []canonical.Block{{Kind: canonical.ToolUse}}})
	_, ask, ok := kinship.Of(tools, kinship.Caller{})
	require.True(t, ok)
	require.Equal(t, "tools", semcache.Refuse(&ask))
}
