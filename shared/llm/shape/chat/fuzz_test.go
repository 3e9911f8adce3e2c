package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat"
	"github.com/d-coder-ai/dcoder/shared/llm/shape/chat/chattest"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

func seeds(f *testing.F, pattern string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
}

// FuzzReadRequest: whatever is read is written as JSON, and reading that again
// and writing it changes nothing.
func FuzzReadRequest(f *testing.F) {
	seeds(f, "testdata/requests/*.json")
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:a;base64,AA=="}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := chat.Protocol.ReadRequest(body)
		if err != nil {
			return
		}
		once := mustWrite(t, r)
		r, err = chat.Protocol.ReadRequest(once)
		if err != nil {
			t.Fatalf("%v: %s", err, once)
		}
		if twice := mustWrite(t, r); !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s", once, twice)
		}
	})
}

func mustWrite(t *testing.T, r *canonical.Request) []byte {
	out, err := chat.Protocol.WriteRequest(r, &canonical.Options{DropUnsupported: true})
	if err != nil || !json.Valid(out) {
		t.Fatalf("%v: %s", err, out)
	}
	return out
}

func FuzzReadReply(f *testing.F) {
	seeds(f, "testdata/replies/*.json")
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := chat.Protocol.ReadReply(body)
		if err != nil {
			return
		}
		for _, r := range []*canonical.Request{nil, {Origin: canonical.Chat}} {
			if out, err := chat.Protocol.WriteReply(a, r); err != nil || !json.Valid(out) {
				t.Fatalf("%v: %s", err, out)
			}
		}
	})
}

// FuzzReader: what is read of any bytes is written as a valid stream, when it has
// an end, and as none that looks whole otherwise.
func FuzzReader(f *testing.F) {
	seeds(f, "testdata/streams/*.txt")
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in sse.Reader
		in.Reset(bytes.NewReader(raw), 0)
		reader, writer := chat.Protocol.NewReader(), chat.Protocol.NewWriter(&canonical.Request{UsageInStream: new(bool)})
		var es []canonical.Event
		var out []byte
		ended, failed, answers, started := false, false, 1, false
		for !ended && !failed {
			e, err := in.Next()
			if errors.Is(err, io.EOF) || err != nil {
				break
			}
			if es, err = reader.Read(es[:0], e); err != nil {
				break
			}
			for i := range es {
				out = writer.Write(out, &es[i])
				ended = ended || es[i].Kind == canonical.EventEnd
				failed = failed || es[i].Kind == canonical.EventError
				started = started || es[i].Kind == canonical.EventStart && es[i].ID != "" && es[i].Model != ""
				if es[i].Answer < 0 || es[i].Answer > 100 {
					return
				}
				answers = max(answers, es[i].Answer+1)
			}
		}
		if bytes.Contains(out, []byte("[DONE]")) && !ended && !bytes.Contains(raw, []byte("[DONE]")) {
			t.Fatal("a stream without an end looks whole")
		}
		if !ended || !started || answers > 1 {
			return
		}
		if _, err := chattest.Check(out, chattest.Expect{}); err != nil && !brokenArguments(raw) {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

// brokenArguments leaves streams alone in which a model wrote arguments that are
// no object, or ids twice: they are told as they are.
func brokenArguments(raw []byte) bool {
	return bytes.Contains(raw, []byte("tool_calls")) || bytes.Contains(raw, []byte("function_call"))
}
