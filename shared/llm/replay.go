package llm

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/jsonscan"
	"github.com/d-coder-ai/dcoder/shared/llm/canonical"
)

// replay answers a call with a kept answer, under an id and a time of its own.
func (c *Coats) replay(req *Request, e *entry) (*Reply, error) {
	c.giveUp(req)
	req.cache.served, req.Dropped = true, e.Dropped
	u := Usage{Tokens: e.Tokens, Reported: true, ServiceTier: e.Tier}
	if !req.Stream {
		b := NewBuffer(len(e.body) + 64)
		b.B = fresh(b.B, e.body, req.Kind)
		return &Reply{Status: http.StatusOK, Body: b, Usage: u}, nil
	}
	s, err := newReplayed(req, e, u)
	if err != nil {
		return nil, dcoder.Internal(err)
	}
	return &Reply{Status: http.StatusOK, Stream: s}, nil
}

// idPrefixes begin the ids of answers, as their protocols have them.
var idPrefixes = map[Kind]string{Chat: "chatcmpl-", Completion: "cmpl-", Message: "msg_", Response: "resp_"}

func freshID(k Kind) string { return idPrefixes[k] + strings.ReplaceAll(dcoder.NewID(), "-", "") }

var freshFields = jsonscan.NewNames("id", "created", "created_at", "completed_at")

// fresh appends a whole answer with an id and a time of its own.
func fresh(dst, body []byte, k Kind) []byte {
	var doc jsonscan.Doc
	if freshFields.Scan(body, jsonscan.Limits{}, &doc) != nil {
		return append(dst, body...)
	}
	var p jsonscan.Patch
	if v := doc.Fields[0]; v.Kind == jsonscan.String {
		p.Replace(v, `"`+freshID(k)+`"`)
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for _, v := range doc.Fields[1:4] {
		if v.Kind == jsonscan.Number {
			p.Replace(v, now)
		}
	}
	return p.AppendTo(dst, body)
}

// replayed is a stream that tells a kept answer.
type replayed struct {
	events []canonical.Event
	writer canonical.Writer
	out    []byte
	usage  Usage
	text   bool // out is all of it
	over   bool
}

func newReplayed(req *Request, e *entry, u Usage) (*replayed, error) {
	s := &replayed{usage: u}
	if req.Kind == Completion {
		var err error
		s.text = true
		s.out, err = textFrames(e.body, freshID(req.Kind), time.Now().Unix(), req.WantsUsage)
		return s, err
	}
	r, err := req.Canonical()
	if err != nil {
		return nil, err
	}
	a, err := req.Inbound.ReadReply(e.body)
	if err != nil {
		return nil, err
	}
	a.ID, a.Created = freshID(req.Kind), time.Now().Unix()
	s.events, s.writer = a.Events(), req.Inbound.NewWriter(r)
	return s, nil
}

// Next implements Stream.
func (s *replayed) Next() (Chunk, error) {
	if s.over {
		return Chunk{}, io.EOF
	}
	if s.text {
		s.over = true
		return Chunk{Raw: s.out, Content: true, Usage: &s.usage, Last: true}, nil
	}
	s.out = s.out[:0]
	for len(s.out) == 0 && len(s.events) > 0 {
		s.out = s.writer.Write(s.out, &s.events[0])
		s.events = s.events[1:]
	}
	c := Chunk{Raw: s.out, Content: true, More: true}
	if len(s.events) == 0 {
		s.over = true
		c.Usage, c.Last, c.More = &s.usage, true, false
	}
	return c, nil
}

// Close implements Stream.
func (s *replayed) Close() {}
