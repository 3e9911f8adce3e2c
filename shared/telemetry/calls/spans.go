package calls

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
	"github.com/d-coder-ai/dcoder/shared/telemetry/otlp"
)

// trace makes the spans of a call, if anybody wants them.
func (w *Watch) trace(req *llm.Request, r *dcoder.UsageRecord) {
	under := req.Under()
	if under == nil {
		return
	}
	platform := w.o.Platform != nil && sampled(under, w.o.Percent)
	t := req.Snapshot.Tracing
	own := w.o.Tenants != nil && t != nil && chosen(&under.Trace, t.Percent)
	if !platform && !own {
		return
	}
	c := call{req: req, r: r, under: under, end: time.Now()}
	spans := c.spans()
	if platform {
		w.o.Platform.Send(w.o.Destination, spans...)
	}
	if own {
		w.o.Tenants.Send(destinationOf(t), c.forTenant(spans, t)...)
	}
}

// sampled follows a caller that decided, by its traceparent, and the ratio else.
func sampled(r *dcoder.Request, percent int) bool {
	if r.Parent != [8]byte{} {
		return r.Trace.Flags&1 == 1
	}
	return chosen(&r.Trace, percent)
}

// chosen decides by the trace's id, so that all parts of a trace are decided alike.
func chosen(t *dcoder.Trace, percent int) bool {
	return binary.BigEndian.Uint64(t.ID[8:])%100 < uint64(max(percent, 0)) //nolint:gosec // not below 0
}

// langfuse is the header that its ingestion of OTLP asks for.
const langfuse = "X-Langfuse-Ingestion-Version: 4"

func destinationOf(t *dcoder.TracingGrant) otlp.Destination {
	pair := base64.StdEncoding.EncodeToString([]byte(t.PublicKey + ":" + t.Secret))
	return otlp.Destination{URL: t.Endpoint, Authorization: "Basic " + pair, Extra: langfuse}
}

// call is what the spans of one call are made of.
type call struct {
	req   *llm.Request
	r     *dcoder.UsageRecord
	under *dcoder.Request
	end   time.Time
}

// spans are the server's, and under it admission, each try of a provider, and
// the stream.
func (c *call) spans() []otlp.Span {
	s := c.req.Steps()
	root := c.span(c.under.Trace.Span, c.under.Parent, c.req.Route, otlp.Server, c.req.Begun, c.end)
	root.Attributes, root.Failed = c.attributes(), c.r.ErrorCode
	all := []otlp.Span{root}
	if !s.AdmitBegin.IsZero() {
		admit := c.span(newID(), root.ID, "admit", otlp.Internal, s.AdmitBegin, s.AdmitEnd)
		admit.Attributes = []otlp.Attribute{otlp.Bool("dcoder.admitted", c.req.Verdict.Admitted), otlp.Bool("dcoder.degraded", c.req.Degraded)}
		all = append(all, admit)
	}
	tries := s.Tries()
	for i := range tries {
		all = append(all, c.tried(&tries[i], i == len(tries)-1 && !s.Ready.IsZero(), root.ID)...)
	}
	return all
}

// tried is one try. The one that answered lasts as long as its answer, and
// carries what was used.
func (c *call) tried(t *llm.Try, answered bool, parent [8]byte) []otlp.Span {
	op := operation(c.req.Kind)
	s := c.span(newID(), parent, op+" "+t.Model, otlp.Client, t.Begin, t.End)
	s.Failed = t.Code
	s.Attributes = []otlp.Attribute{
		otlp.Text(semconv.operation, op), otlp.Text(semconv.provider, or(providerNames[t.Dialect], t.Dialect)), otlp.Text(semconv.requestModel, t.Model),
	}
	if t.Code != "" {
		s.Attributes = append(s.Attributes, otlp.Text(semconv.error, t.Code))
	}
	if !answered {
		return []otlp.Span{s}
	}
	u := &c.r.Tokens
	s.Attributes = append(
		s.Attributes,
		otlp.Text(semconv.responseModel, c.r.ModelServed), otlp.Int(semconv.inputTokens, u.Input), otlp.Int(semconv.outputTokens, u.Output),
		otlp.Int(semconv.cacheRead, u.CachedInput), otlp.Int(semconv.cacheWrite, u.CacheWrite5m+u.CacheWrite1h), otlp.Int(semconv.reasoning, u.Reasoning),
		otlp.Bool("dcoder.tokens.estimated", c.r.Estimated),
	)
	if !c.r.Stream {
		return []otlp.Span{s}
	}
	s.End = c.end
	return []otlp.Span{s, c.span(newID(), s.ID, "stream", otlp.Internal, t.End, c.end)}
}

func (c *call) span(id, parent [8]byte, name string, kind otlp.Kind, begin, end time.Time) otlp.Span {
	return otlp.Span{Trace: c.under.Trace.ID, ID: id, Parent: parent, Name: name, Kind: kind, Begin: begin, End: end}
}

// attributes are the facts of the whole call, nothing of its contents.
func (c *call) attributes() []otlp.Attribute {
	r := c.r
	all := []otlp.Attribute{
		otlp.Text(semconv.route, r.Route), otlp.Int(semconv.status, int64(r.Status)),
		otlp.Text("dcoder.call.id", r.ID), otlp.Text("dcoder.request.id", r.RequestID), otlp.Text("dcoder.tenant", r.Tenant), otlp.Text("dcoder.key", r.Key),
		otlp.Text("dcoder.model.asked", llm.Shorten(r.ModelAsked)), otlp.Text("dcoder.state", string(r.State)), otlp.Bool("dcoder.stream", r.Stream),
		otlp.Int("dcoder.cost.micros", r.Cost), otlp.Text("dcoder.cost.currency", r.Currency),
		otlp.Int("dcoder.overhead.us", c.req.Steps().Own(c.req.Begun, c.end).Microseconds()),
		otlp.Int("dcoder.retries", int64(r.Retries)), otlp.Bool("dcoder.failover", r.Failover),
	}
	for _, a := range []otlp.Attribute{otlp.Text("dcoder.guard", r.Guard), otlp.Text("dcoder.cache", r.Cache), otlp.Text(semconv.error, r.ErrorCode)} {
		if a.Text != "" {
			all = append(all, a)
		}
	}
	return all
}

// mostContents bounds each of question and answer in a span, bytes.
const mostContents = 16 << 10

// largestContents bounds what is looked through for what must not leave, bytes;
// larger bodies, pictures mostly, stay here.
const largestContents = 1 << 20

// forTenant adds who asked, and contents where the tenant wants them: what
// guardrails know of secrets and personal data is masked, whatever their policy.
func (c *call) forTenant(spans []otlp.Span, t *dcoder.TracingGrant) []otlp.Span {
	out := append([]otlp.Span(nil), spans...)
	more := []otlp.Attribute{otlp.Text("langfuse.trace.name", c.req.Route)}
	if user := or(c.r.EndUser, c.r.User); user != "" {
		more = append(more, otlp.Text("langfuse.user.id", user))
	}
	if t.Contents {
		more = append(more, contents(semconv.inputMessages, c.req.Doc.Raw)...)
		more = append(more, contents(semconv.outputMessages, c.req.Steps().Answer)...)
	}
	out[0].Attributes = append(out[0].Attributes[:len(out[0].Attributes):len(out[0].Attributes)], more...)
	return out
}

func contents(key string, raw []byte) []otlp.Attribute {
	if len(raw) == 0 || len(raw) > largestContents {
		return nil
	}
	masked := llm.Redacted(raw)
	return []otlp.Attribute{otlp.Text(key, string(masked[:min(len(masked), mostContents)]))}
}

func newID() (id [8]byte) {
	binary.NativeEndian.PutUint64(id[:], rand.Uint64()|1)
	return id
}
