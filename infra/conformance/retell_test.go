package conformance_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
	"github.com/d-coder-ai/dcoder/shared/sse"
)

// speaks reports whether a call of kind reaches the recording's provider in the
// protocol of the recording. OpenAI has two and is asked in the client's own.
func (r *recording) speaks(kind llm.Kind) bool {
	return r.dialect != "openai" || kind != llm.Response && r.kind != llm.Response
}

// retold is a recording that no call of kind would cause: its request is said in
// the other protocol and back, its answer is told in it.
func (b *book) retold(o outcome, r *recording, kind llm.Kind, body []byte) outcome {
	asked, err := inbound[kind].ReadRequest(body)
	if err != nil {
		o.faults = []string{"hear it: " + err.Error()}
		return o
	}
	asked.Model, asked.Stream = r.model, r.stream
	if r.stream && r.kind == llm.Chat {
		yes := true
		asked.UsageInStream = &yes // as package wire does
	}
	sent, err := r.nativeOf().WriteRequest(asked, &canonical.Options{Model: r.model})
	if err != nil {
		o.faults = []string{"say it back: " + err.Error()}
		return o
	}
	rules := b.rules(r, kind, false, body)
	if o.faults = differences([]byte(r.Request.Body), sent, rules...); len(o.faults) == 0 {
		b.mutate(r, sent, rules)
	}
	if r.Response.Code != http.StatusOK {
		return o
	}
	a := r.tell(kind, asked)
	if a.err != nil {
		o.faults = append(o.faults, "answer: "+a.err.Error())
		return o
	}
	o.faults = append(o.faults, r.judge(kind, a, false)...)
	return o
}

// tell translates the recorded answer.
func (r *recording) tell(kind llm.Kind, asked *canonical.Request) answer {
	if r.stream {
		return r.tellStream(kind, asked)
	}
	reply, err := r.nativeOf().ReadReply([]byte(r.Response.Body))
	if err != nil {
		return answer{err: err}
	}
	body, err := inbound[kind].WriteReply(reply, asked)
	return answer{body: body, err: err, ended: true, usage: llm.Usage{Tokens: reply.Usage.Tokens, Reported: reply.Usage.Reported}}
}

func (r *recording) tellStream(kind llm.Kind, asked *canonical.Request) (a answer) {
	var in sse.Reader
	in.Reset(bytes.NewReader([]byte(r.Response.Body)), 0)
	from, to := r.nativeOf().NewReader(), inbound[kind].NewWriter(asked)
	var acc canonical.Accumulator
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			u := acc.Reply().Usage
			a.usage = llm.Usage{Tokens: u.Tokens, Reported: u.Reported}
			return a
		}
		if err != nil {
			return answer{err: err}
		}
		events, err := from.Read(nil, e)
		if err != nil {
			return answer{err: fmt.Errorf("event %s: %w", e.Name, err)}
		}
		for i := range events {
			a.ended = a.ended || events[i].Kind == canonical.EventEnd
			acc.Add(&events[i])
			a.body = to.Write(a.body, &events[i])
		}
	}
}
