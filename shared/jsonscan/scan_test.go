package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/d-coder-ai/dcoder/shared/jsonscan"
)

var names = jsonscan.NewNames("model", "stream", "stream_options", "max_tokens", "input")

func TestScanFindsTopLevelFieldsOnly(t *testing.T) {
	raw := ` {"messages":[{"model":"inner"}],"model" : "gpt-4o" ,"max_tokens":-12,"stream":true,"x":{"stream":false}} `
	var d jsonscan.Doc
	require.NoError(t, names.Scan([]byte(raw), jsonscan.Limits{}, &d))
	model, ok := d.Str(d.Fields[0])
	require.True(t, ok)
	require.Equal(t, "gpt-4o", model)
	require.True(t, d.True(d.Fields[1]))
	require.Equal(t, jsonscan.None, d.Fields[2].Kind)
	n, ok := d.Int(d.Fields[3])
	require.True(t, ok)
	require.EqualValues(t, -12, n)
	require.Equal(t, 5, d.Size)
}

func TestScanRefuses(t *testing.T) {
	deep := strings.Repeat("[", 200) + strings.Repeat("]", 200)
	for name, c := range map[string]struct{ raw, field, reason string }{
		"empty":             {``, "", "not a JSON object"},
		"not an object":     {`[1]`, "", "not a JSON object"},
		"text":              {`hello`, "", "not a JSON object"},
		"cut":               {`{"model":"a"`, "", "does not end"},
		"cut string":        {`{"model":"a`, "", "does not end"},
		"more behind":       {`{"model":"a"} {}`, "", "more behind"},
		"twice":             {`{"model":"a","model":"b"}`, "model", "twice"},
		"twice, escaped":    {`{"model":"a","mod\u0065l":"b"}`, "model", "twice"},
		"other case":        {`{"model":"a","Model":"b"}`, "model", "another case"},
		"folded":            {`{"model":"a","ſtream":"b"}`, "stream", "another case"},
		"deep":              {`{"x":` + deep + `}`, "", "too deep"},
		"control character": {"{\"x\":\"a\nb\"}", "", "control character"},
		"bad escape":        {`{"x":"\q"}`, "", "escape"},
		"bad unicode":       {`{"x":"\u12g4"}`, "", "escape"},
		"leading zero":      {`{"x":012}`, "", "comma or a brace"},
		"plus":              {`{"x":+1}`, "", "not a value"},
		"bare fraction":     {`{"x":1.}`, "", "digit"},
		"bare exponent":     {`{"x":1e}`, "", "digit"},
		"trailing comma":    {`{"x":1,}`, "", "member name"},
		"word":              {`{"x":nul}`, "", "not a value"},
	} {
		t.Run(name, func(t *testing.T) {
			var d jsonscan.Doc
			err := names.Scan([]byte(c.raw), jsonscan.Limits{}, &d)
			var e *jsonscan.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, c.field, e.Field)
			require.Contains(t, e.Error(), c.reason)
		})
	}
}

func TestTextCountsImagesAsMedia(t *testing.T) {
	image := strings.Repeat("iVBORw0KGgo", 200)
	var d jsonscan.Doc
	require.NoError(t, names.Scan([]byte(`{"a":"data:image/png;base64,`+image+`","b":"`+image+`","c":"four","d":"é\n\u00e9"}`), jsonscan.Limits{}, &d))
	require.Equal(t, jsonscan.Text{ASCII: len("abcdfour") + 1, Multi: 5, Media: 2}, d.Text)
}

// anyJSON draws a JSON text with the spacing and the escapes that writers use.
func anyJSON(t *rapid.T, depth int) string {
	space := func() string { return rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space") }
	kinds := 5
	if depth > 3 {
		kinds = 3
	}
	var b strings.Builder
	b.WriteString(space())
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		b.WriteString(rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "word"))
	case 1:
		v, _ := json.Marshal(rapid.Float64Range(-1e12, 1e12).Draw(t, "number"))
		b.Write(v)
	case 2, 3:
		v, _ := json.Marshal(rapid.String().Draw(t, "string"))
		b.Write(v)
	case 4:
		b.WriteString("[")
		for i := range rapid.IntRange(0, 3).Draw(t, "items") {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString(anyJSON(t, depth+1))
		}
		b.WriteString("]")
	case 5:
		b.WriteString("{")
		for i := range rapid.IntRange(0, 3).Draw(t, "members") {
			if i > 0 {
				b.WriteString(",")
			}
			k, _ := json.Marshal(rapid.String().Draw(t, "name"))
			b.WriteString(space() + string(k) + space() + ":" + anyJSON(t, depth+1))
		}
		b.WriteString("}")
	}
	b.WriteString(space())
	return b.String()
}

// TestPatchChangesNothingElse is the promise of the package: the same as decode,
// modify, encode, and byte for byte the client's text outside of the change.
func TestPatchChangesNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SliceOfN(rapid.StringMatching(`[a-l]{1,6}_x`), 0, 3).Draw(t, "before")
		after := rapid.SliceOfN(rapid.StringMatching(`[m-z]{1,6}_y`), 0, 3).Draw(t, "after")
		var head, tail strings.Builder
		for _, n := range before {
			head.WriteString(`"` + n + `":` + anyJSON(t, 0) + `,`)
		}
		for _, n := range after {
			tail.WriteString(`,"` + n + `":` + anyJSON(t, 0))
		}
		model := anyJSON(t, 2)
		raw := "{" + head.String() + `"model":` + model + tail.String() + "}"
		var d jsonscan.Doc
		if err := names.Scan([]byte(raw), jsonscan.Limits{}, &d); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		var p jsonscan.Patch
		p.Replace(d.Fields[0], `"other"`)
		p.InsertMember(d.Open, d.Size == 0, `"stream_options":{"include_usage":true}`)
		trimmed := strings.TrimSpace(model)
		lead := model[:strings.Index(model, trimmed)]
		trail := model[len(lead)+len(trimmed):]
		want := `{"stream_options":{"include_usage":true},` + head.String() + `"model":` + lead + `"other"` + trail + tail.String() + "}"
		got := p.AppendTo(nil, d.Raw)
		if string(got) != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
		if len(got) != p.Len(d.Raw) {
			t.Fatalf("Len says %d, it is %d", p.Len(d.Raw), len(got))
		}
		var r jsonscan.Reader
		r.Reset(d.Raw, p)
		read, err := io.ReadAll(iotest.OneByteReader(&r))
		if err != nil || !bytes.Equal(read, got) {
			t.Fatalf("the reader gives %s (%v)", read, err)
		}
		var decoded, again map[string]any
		if json.Unmarshal([]byte(raw), &decoded) != nil || json.Unmarshal(got, &again) != nil {
			t.Fatalf("not JSON: %s", got)
		}
		decoded["model"], decoded["stream_options"] = "other", map[string]any{"include_usage": true}
		a, _ := json.Marshal(decoded)
		b, _ := json.Marshal(again)
		if !bytes.Equal(a, b) {
			t.Fatalf("decode, modify, encode gives %s, the patch %s", a, b)
		}
	})
}

func TestElements(t *testing.T) {
	var d jsonscan.Doc
	require.NoError(t, names.Scan([]byte(`{"input":[ 1, "two" ,[3,4], {"a":5} ]}`), jsonscan.Limits{}, &d))
	var got []string
	for e := d.Elements(d.Fields[4]); ; {
		v, ok := e.Next()
		if !ok {
			break
		}
		got = append(got, string(d.Bytes(v)))
	}
	require.Equal(t, []string{`1`, `"two"`, `[3,4]`, `{"a":5}`}, got)
}

// FuzzScan: what Scan takes is what encoding/json takes as an object, and a
// patch of it stays JSON.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{}`, `{"model":"a","stream":true}`, `{"model":"\u0061","x":[1,2.5e3,{"y":null}]}`, `{"a":"` + strings.Repeat("é\\n", 30) + `"}`, `{"model":1}x`, "{\"\xff\":0}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d jsonscan.Doc
		err := names.Scan(raw, jsonscan.Limits{}, &d)
		object := json.Valid(raw) && bytes.TrimLeft(raw, " \t\r\n")[0] == '{'
		var e *jsonscan.Error
		if err != nil {
			require.ErrorAs(t, err, &e)
			refused := e.Field != "" || e.Reason == "nested too deep"
			require.True(t, !object || refused, "refused what is JSON: %v", err)
			return
		}
		require.True(t, object, "took what is not JSON")
		var p jsonscan.Patch
		if v := d.Fields[0]; v.Kind != jsonscan.None {
			p.Replace(v, `"m"`)
			without := d.AppendWithout(nil, v)
			var again jsonscan.Doc
			require.NoError(t, names.Scan(without, jsonscan.Limits{}, &again), "%q", without)
			require.Equal(t, d.Size-1, again.Size)
			require.Equal(t, jsonscan.None, again.Fields[0].Kind)
		}
		p.InsertMember(d.Open, d.Size == 0, `"stream_options":null`)
		out := p.AppendTo(nil, raw)
		require.True(t, json.Valid(out), "%q", out)
		require.Len(t, out, p.Len(raw))
	})
}
