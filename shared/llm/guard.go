package llm

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/guard"
)

// guarded looks at what clients send before anything is planned, and at what
// models answer before clients see it; policy decides what happens then. While
// all is clean, or alert is all that policy asks, nothing waits and nothing is
// copied.
type guarded struct {
	next Model
	*Coats
}

// Complete implements Model.
func (g guarded) Complete(ctx context.Context, req *Request) (*Reply, error) {
	if err := g.inspect(ctx, req); err != nil {
		return nil, err
	}
	rep, err := g.next.Complete(ctx, req)
	if err != nil {
		return nil, err
	}
	w := guardedCall{ctx, g.Coats, req, rulesFor(req)}
	if w.rules.categories == 0 && w.rules.tools == nil || !req.Kind.Talks() {
		return rep, nil
	}
	if rep.Stream != nil {
		rep.Stream = newGuardedStream(w, rep.Stream)
		return rep, nil
	}
	if err := w.whole(rep); err != nil {
		rep.Close(err)
		return nil, err
	}
	return rep, nil
}

// reguarded looks again when admission met a newer snapshot than guarded did, so
// that a new policy holds for the next request, wherever it was made.
type reguarded struct {
	next Model
	*Coats
}

// Complete implements Model.
func (g reguarded) Complete(ctx context.Context, req *Request) (*Reply, error) {
	if req.guardedUnder != req.Snapshot {
		if err := (guarded{Coats: g.Coats}).inspect(ctx, req); err != nil {
			return nil, err
		}
	}
	return g.next.Complete(ctx, req)
}

// rules are a policy as it holds for one call now.
type rules struct {
	mode       [3]dcoder.GuardMode // secrets, pii, injection
	categories guard.Category      // those that are not off
	tools      *dcoder.ToolPolicy
	toolCalls  dcoder.GuardMode
}

var categories = [3]guard.Category{guard.Secrets, guard.PII, guard.Injection}

func rulesFor(req *Request) (r rules) {
	p := &req.Snapshot.Guard
	r.mode = [3]dcoder.GuardMode{p.Secrets.Or(dcoder.GuardAlert), p.PII.Or(dcoder.GuardAlert), p.Injection.Or(dcoder.GuardAlert)}
	r.tools = p.Tools
	if r.tools != nil {
		r.toolCalls = r.tools.Answers.Or(dcoder.GuardAlert)
	}
	if len(p.Overrides) > 0 {
		r.weaken(p.Overrides, req.Model)
	}
	for i, m := range r.mode {
		if m != dcoder.GuardOff {
			r.categories |= categories[i]
		}
	}
	return r
}

func (r *rules) weaken(overrides []dcoder.GuardOverride, model string) {
	now := time.Now()
	for i := range overrides {
		o := &overrides[i]
		for k, c := range categories {
			if o.Holds(c.String(), model, now) {
				r.mode[k] = milder(r.mode[k], o.Mode)
			}
		}
		if o.Holds("tools", model, now) {
			r.tools = nil
		}
	}
}

var severity = map[dcoder.GuardMode]int{dcoder.GuardOff: 0, dcoder.GuardAlert: 1, dcoder.GuardMask: 2, dcoder.GuardBlock: 3}

func milder(a, b dcoder.GuardMode) dcoder.GuardMode {
	if severity[b] < severity[a] {
		return b
	}
	return a
}

func (r *rules) of(c guard.Category) dcoder.GuardMode {
	return r.mode[slices.Index(categories[:], c)]
}

// any reports whether one of some categories has one of some modes.
func (r *rules) any(of guard.Category, modes ...dcoder.GuardMode) bool {
	for i, c := range categories {
		if of&c != 0 && slices.Contains(modes, r.mode[i]) {
			return true
		}
	}
	return false
}

// inspect looks at what the client sent: it refuses, masks or lets go on.
func (g guarded) inspect(ctx context.Context, req *Request) error {
	req.guardedUnder = req.Snapshot
	w := guardedCall{ctx, g.Coats, req, rulesFor(req)}
	if err := w.declared(); err != nil {
		return err
	}
	var room [8]guard.Finding
	found := guard.Body(req.Doc.Raw, w.rules.categories, room[:0])
	if len(found) == 0 {
		return nil
	}
	found = slices.DeleteFunc(found, w.ofModel)
	for _, f := range found {
		if w.rules.of(f.Category) == dcoder.GuardBlock {
			if g.milderNow(ctx, req, f.Category) {
				return g.inspect(ctx, req)
			}
			return w.block("input", summary(req.Doc.Raw, found), f, guard.Field(req.Doc.Raw, f.Start))
		}
	}
	w.alert("input", summary(req.Doc.Raw, found))
	return w.mask(found)
}

// milderNow reports whether the newest policy no longer blocks a category, which
// req then stands under. A refused call meets no admission that would tell it of a
// newer snapshot. While none can be had, what is known holds.
func (g guarded) milderNow(ctx context.Context, req *Request, c guard.Category) bool {
	if g.next == nil || g.Fresh == nil { // behind admission it is the newest
		return false
	}
	snap, err := g.Fresh.Renew(ctx, req.Snapshot)
	if err != nil || snap == nil || snap == req.Snapshot {
		return false
	}
	req.Snapshot = snap
	r := rulesFor(req)
	return r.of(c) != dcoder.GuardBlock
}

// ofModel leaves the model's name alone.
func (w *guardedCall) ofModel(f guard.Finding) bool {
	v := w.req.Doc.Fields[FieldModel]
	return f.Start >= v.Start && f.End <= v.End
}

// mask rewrites the client's body where policy asks for it. The client's own
// bytes are kept until the end: a repetition is known by them.
func (w *guardedCall) mask(found []guard.Finding) error {
	found = slices.DeleteFunc(slices.Clone(found), func(f guard.Finding) bool { return w.rules.of(f.Category) != dcoder.GuardMask })
	if len(found) == 0 {
		return nil
	}
	req := w.req
	b := NewBuffer(len(req.Doc.Raw) + 32*len(found))
	b.B = appendMasked(b.B, req.Doc.Raw, found)
	return req.rewrite(b)
}

// rewrite puts another body in the place of the client's, whose bytes are kept
// until the end.
func (r *Request) rewrite(b *Buffer) error {
	if r.asSent == nil {
		r.asSent, r.sentRaw = r.Body, r.Doc.Raw
	} else {
		r.Body.Release()
	}
	r.Body, r.meaning, r.MaxTokens = b, nil, 0
	return r.Parse(b.B)
}

// appendMasked appends raw with each finding replaced by its rule's name.
func appendMasked(dst, raw []byte, found []guard.Finding) []byte {
	slices.SortFunc(found, func(a, b guard.Finding) int { return a.Start - b.Start })
	at := 0
	for _, f := range found {
		if f.End <= at {
			continue
		}
		if f.Start >= at {
			dst = append(dst, raw[at:f.Start]...)
			dst = appendLabel(dst, f.Rule)
		}
		at = f.End
	}
	return append(dst, raw[at:]...)
}

func appendLabel(dst []byte, rule string) []byte {
	return append(append(append(dst, "[masked:"...), rule...), ']')
}

// guardedCall is one call under its rules.
type guardedCall struct {
	ctx context.Context //nolint:containedctx // of the call
	*Coats
	req   *Request
	rules rules
}

// summary says what was found where, each rule of a field once.
func summary(raw []byte, found []guard.Finding) (out []dcoder.GuardFinding) {
	for _, f := range found {
		field := ""
		if len(out) < mostReported {
			field = guard.Field(raw, f.Start)
		}
		out = add(out, f, field)
	}
	return out
}

// mostReported bounds what one event names.
const mostReported = 32

func add(out []dcoder.GuardFinding, f guard.Finding, field string) []dcoder.GuardFinding {
	for i := range out {
		if out[i].Rule == f.Rule && (out[i].Field == field || len(out) >= mostReported) {
			out[i].Count++
			return out
		}
	}
	if len(out) >= mostReported {
		return out
	}
	return append(out, dcoder.GuardFinding{Category: f.Category.String(), Rule: f.Rule, Field: field, Confidence: int(f.Confidence), Count: 1})
}

// alert tells of findings that a call goes on with.
func (w *guardedCall) alert(on string, found []dcoder.GuardFinding) {
	if len(found) == 0 {
		return
	}
	mode := dcoder.GuardAlert
	for _, f := range found {
		for i, c := range categories {
			if f.Category == c.String() && w.rules.mode[i] == dcoder.GuardMask {
				mode = dcoder.GuardMask
			}
		}
	}
	w.req.noteGuard(map[dcoder.GuardMode]string{dcoder.GuardAlert: "alerted", dcoder.GuardMask: "masked"}[mode])
	w.Events.Send(w.ctx, w.req.Principal.Tenant, dcoder.GuardrailAlerted{
		Call: w.req.ID, Route: w.req.Route, Model: w.req.Model, On: on, Mode: mode, Findings: found,
	})
}

// block tells of a finding that ends a call, and returns the refusal: it names
// category, rule and place, and nothing of the text.
func (w *guardedCall) block(on string, all []dcoder.GuardFinding, f guard.Finding, field string) error {
	w.req.noteGuard("blocked")
	w.Events.Send(w.ctx, w.req.Principal.Tenant, dcoder.GuardrailBlocked{
		Call: w.req.ID, Route: w.req.Route, Model: w.req.Model, On: on, Findings: all,
	})
	e := &dcoder.Error{
		Status: http.StatusBadRequest, Code: "guardrail_blocked", Field: field, NoRetry: true,
		Message: "a guardrail of this tenant refuses the " + on + ": rule " + f.Rule + " of category " + f.Category.String() + " found something in " + field,
		Details: map[string]any{"category": f.Category.String(), "rule": f.Rule, "on": on},
	}
	return e
}

// noteGuard keeps the strongest of what guardrails did, for the usage row.
func (r *Request) noteGuard(did string) {
	if r.guardDid == "" || did == "blocked" || did == "masked" && r.guardDid == "alerted" {
		r.guardDid = did
	}
}

// sent returns the client's own bytes, masked or not.
func (r *Request) sent() []byte {
	if r.asSent != nil {
		return r.sentRaw
	}
	return r.Doc.Raw
}

// blockedAnswer is an answer that was produced, and paid for, and is not given.
type blockedAnswer struct {
	error
	usage Usage
}

// Unwrap returns the refusal.
func (b *blockedAnswer) Unwrap() error { return b.error }

// whole looks at an answer that came whole.
func (w *guardedCall) whole(rep *Reply) error {
	raw := rep.Body.B
	if name, ok := w.foreignCall(raw); ok {
		if err := w.called(name); err != nil {
			return &blockedAnswer{err, rep.Usage}
		}
	}
	var room [8]guard.Finding
	found := guard.Body(raw, w.rules.categories&^guard.Injection, room[:0])
	if len(found) == 0 {
		return nil
	}
	for _, f := range found {
		if w.rules.of(f.Category) == dcoder.GuardBlock {
			return &blockedAnswer{w.block("output", summary(raw, found), f, guard.Field(raw, f.Start)), rep.Usage}
		}
	}
	w.alert("output", summary(raw, found))
	found = slices.DeleteFunc(found, func(f guard.Finding) bool { return w.rules.of(f.Category) != dcoder.GuardMask })
	if len(found) > 0 {
		b := NewBuffer(len(raw) + 32*len(found))
		b.B = appendMasked(b.B, raw, found)
		rep.Body.Release()
		rep.Body = b
	}
	return nil
}

// called decides about a call of a tool that policy does not allow.
func (w *guardedCall) called(name string) error {
	f := guard.Finding{Rule: "tool_not_allowed", Confidence: 100}
	found := []dcoder.GuardFinding{{Category: "tools", Rule: f.Rule, Field: bounded(name), Confidence: 100, Count: 1}}
	if w.rules.toolCalls != dcoder.GuardBlock {
		w.alert("output", found)
		return nil
	}
	_ = w.block("output", found, guard.Finding{Rule: f.Rule}, "")
	return &dcoder.Error{
		Status: http.StatusBadRequest, Code: "guardrail_blocked", NoRetry: true, Details: map[string]any{"category": "tools", "rule": f.Rule, "on": "output"},
		Message: "the model called the tool " + quoted(bounded(name)) + ", which is not allowed to this key",
	}
}

func bounded(name string) string {
	return string(bytes.ToValidUTF8([]byte(name[:min(len(name), 64)]), nil))
}
