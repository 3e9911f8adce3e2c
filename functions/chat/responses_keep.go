package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// mostKept is the largest turn that is kept, bytes of input and answer.
const mostKept = 16 << 20

// keepPatience is how long an answer waits for the store.
const keepPatience = 3 * time.Second

// Values of HeaderStore.
const (
	storeFailed   = "failed"
	storeTooLarge = "too_large"
)

// keeping is a model whose answers are kept before the client has all of them,
// so that its next call finds them.
type keeping struct {
	llm.Model
	turn *turn
}

// Complete implements llm.Model. Whether the store answers is asked while the
// provider works: the head of a stream can still say so.
func (k keeping) Complete(ctx context.Context, req *llm.Request) (*llm.Reply, error) {
	ready := k.turn.ask(ctx)
	rep, err := k.Model.Complete(ctx, req)
	if err != nil {
		return nil, err
	}
	t := *k.turn
	if t.keep && <-ready != nil {
		t.keep = false
		rep.Header = marked(rep.Header, storeFailed)
	}
	if rep.Stream != nil {
		rep.Stream = &kept{Stream: rep.Stream, ctx: ctx, turn: &t}
		return rep, nil
	}
	out, told := t.finish(ctx, rep.Body.B, "")
	if told != "" {
		rep.Header = marked(rep.Header, told)
	}
	body := llm.NewBuffer(len(out))
	body.B = append(body.B, out...)
	rep.Body.Release()
	rep.Body = body
	return rep, nil
}

// ask asks the store whether it is there, unless that is known.
func (t *turn) ask(ctx context.Context) <-chan error {
	ready := make(chan error, 1)
	if !t.keep || t.known {
		ready <- nil
		return ready
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, keepPatience)
		defer cancel()
		err := t.Responses.Ready(ctx, t.tenant)
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "answers cannot be kept", "error", err)
		}
		ready <- err
	}()
	return ready
}

// marked copies headers, which may be the transport's, and adds ours.
func marked(h http.Header, told string) http.Header {
	out := make(http.Header, len(h)+1)
	maps.Copy(out, h)
	out.Set(HeaderStore, told)
	return out
}

var (
	responseFields = jsonscan.NewNames("id", "store", "previous_response_id", "status")
	eventFields    = jsonscan.NewNames("type", "response")
)

// finish keeps a whole response object and returns it as the client shall see
// it; told is what HeaderStore has to say. kind is the event that brings it, ""
// for a whole body.
func (t *turn) finish(ctx context.Context, response []byte, kind string) (out []byte, told string) {
	out = t.say(response, t.keep)
	if !t.keep || kind == "response.failed" {
		return out, ""
	}
	if told = t.write(ctx, out); told != "" {
		out = t.say(response, false)
	}
	return out, told
}

// say writes into a response object whether it is kept and what it continues;
// the provider knows neither.
func (t *turn) say(response []byte, keep bool) []byte {
	var doc jsonscan.Doc
	if responseFields.Scan(response, jsonscan.Limits{}, &doc) != nil {
		return response
	}
	var p jsonscan.Patch
	word := "false"
	if keep {
		word = "true"
	}
	set(&p, &doc, 1, "store", word)
	if t.previous != "" {
		name, _ := json.Marshal(t.previous) // a text always encodes
		set(&p, &doc, 2, "previous_response_id", string(name))
	}
	return p.AppendTo(make([]byte, 0, p.Len(response)), response)
}

func set(p *jsonscan.Patch, doc *jsonscan.Doc, field int, name, value string) {
	if v := doc.Fields[field]; v.Kind != jsonscan.None {
		p.Replace(v, value)
		return
	}
	p.InsertMember(doc.Open, doc.Size == 0, `"`+name+`":`+value)
}

// write keeps the turn; it returns what HeaderStore says when it could not.
func (t *turn) write(ctx context.Context, response []byte) string {
	var r struct {
		ID     string            `json:"id"`
		Output []json.RawMessage `json:"output"`
	}
	if json.Unmarshal(response, &r) != nil || r.ID == "" {
		return storeFailed
	}
	now := time.Now().UTC()
	s := &dcoder.StoredResponse{
		ID: r.ID, Owner: t.owner, Previous: t.previous, Input: list(t.own), Response: response, Created: now, Expires: now.Add(t.life()),
	}
	if len(s.Input)+len(s.Response) > mostKept {
		return storeTooLarge
	}
	for _, raw := range r.Output {
		if id := headOf(raw).ID; id != "" {
			s.Items = append(s.Items, id)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, keepPatience)
	defer cancel()
	if err := t.Responses.Keep(ctx, t.tenant, s); err != nil {
		slog.WarnContext(ctx, "an answer is not kept", "error", err)
		return storeFailed
	}
	return ""
}

// kept is a stream whose response objects say what is kept. The last one waits
// until it is.
type kept struct {
	llm.Stream
	ctx  context.Context //nolint:containedctx // of the call, whose stream this is
	turn *turn
	out  []byte
}

var responseKey = []byte(`"response"`)

// Next implements llm.Stream.
func (k *kept) Next() (llm.Chunk, error) {
	c, err := k.Stream.Next()
	if err != nil || !bytes.Contains(c.Raw, responseKey) {
		return c, err
	}
	var in sse.Reader
	in.Reset(bytes.NewReader(c.Raw), 2*len(c.Raw))
	k.out = k.out[:0]
	for e, end := in.Next(); end == nil; e, end = in.Next() { // a chunk holds whole events
		k.out = k.event(k.out, &e)
	}
	c.Raw = k.out
	return c, nil
}

// event appends an event, changed where it holds the response.
func (k *kept) event(dst []byte, e *sse.Event) []byte {
	var doc jsonscan.Doc
	if !e.HasData || eventFields.Scan(e.Data, jsonscan.Limits{}, &doc) != nil || doc.Fields[1].Kind != jsonscan.Object {
		return append(dst, e.Raw...)
	}
	kind, _ := doc.Str(doc.Fields[0])
	response, told := doc.Bytes(doc.Fields[1]), ""
	switch kind {
	case "response.completed", "response.incomplete", "response.failed":
		response, told = k.turn.finish(k.ctx, response, kind)
	default:
		response = k.turn.say(response, k.turn.keep)
	}
	if told != "" { // the head is out: a comment, and store is false
		dst = append(append(append(dst, ": x-dcoder-store: "...), told...), "\n\n"...)
	}
	var p jsonscan.Patch
	p.Replace(doc.Fields[1], string(response))
	return sse.AppendEvent(dst, kind, p.AppendTo(nil, e.Data))
}
