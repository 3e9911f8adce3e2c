package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// opening is what a slot keeps of an admission and its verdict. Fields are only
// ever added: the reader may be the version before this one.
type opening struct {
	V         int                 `json:"v"`
	ID        string              `json:"id"`
	Tenant    string              `json:"tenant"`
	Key       string              `json:"key"`
	Limits    []dcoder.Limit      `json:"limits,omitempty"`
	TimeZone  string              `json:"zone,omitempty"`
	Requests  int64               `json:"requests,omitempty"`
	Tokens    int64               `json:"tokens,omitempty"`
	Money     dcoder.Micros       `json:"money,omitempty"`
	Expires   time.Duration       `json:"expires,omitempty"` // nanoseconds
	Intent    *dcoder.UsageRecord `json:"intent,omitempty"`
	Admitted  bool                `json:"admitted"`
	TenantGen dcoder.Generation   `json:"tenant_gen,omitempty"`
	KeyGen    dcoder.Generation   `json:"key_gen,omitempty"`
	Time      time.Time           `json:"time"`
	Epoch     string              `json:"epoch,omitempty"`
}

func openingOf(a *llm.Admission, v *llm.Verdict) opening {
	return opening{
		V: version, ID: a.ID, Tenant: a.Tenant, Key: a.Key, Limits: a.Limits, TimeZone: a.TimeZone,
		Requests: a.Amounts.Requests, Tokens: a.Amounts.Tokens, Money: a.Amounts.Money, Expires: a.Expires, Intent: a.Intent,
		Admitted: v.Admitted, TenantGen: v.TenantGen, KeyGen: v.KeyGen, Time: v.Time, Epoch: v.Epoch,
	}
}

func (o *opening) admission() *llm.Admission {
	return &llm.Admission{
		ID: o.ID, Tenant: o.Tenant, Key: o.Key, Limits: o.Limits, TimeZone: o.TimeZone, Expires: o.Expires, Intent: o.Intent,
		Amounts: llm.Amounts{Requests: o.Requests, Tokens: o.Tokens, Money: o.Money},
	}
}

func (o *opening) verdict() llm.Verdict {
	return llm.Verdict{Admitted: o.Admitted, TenantGen: o.TenantGen, KeyGen: o.KeyGen, Time: o.Time, Epoch: o.Epoch}
}

// statusLost is what the client got: its connection ended with the process.
const statusLost = 499

// lost is the row of a call whose process died: the intent, with what was
// received where anything was.
func (o *opening) lost(c counters, received bool) dcoder.UsageRecord {
	r := dcoder.UsageRecord{V: 1, ID: o.ID, Attempt: 1, Tenant: o.Tenant, Key: o.Key}
	if o.Intent != nil {
		r = *o.Intent
	}
	r.Revision, r.State, r.Estimated, r.Time = max(r.Revision, 1), dcoder.UsageLost, true, o.Time.UTC()
	if received {
		r.Tokens, r.Cost, r.CostBaseline = c.tokens, c.cost, c.cost
	}
	if r.Status == 0 {
		r.Status = statusLost
	}
	return r
}

// encoders are buffers with their encoders, so that taking a slot costs little
// garbage.
var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buf)
	return e
}}

type encoder struct {
	buf  bytes.Buffer
	json *json.Encoder
}

// encode calls use with v's JSON, which is good until use returns.
func encode(v any, use func([]byte)) error {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.buf.Reset()
	if err := e.json.Encode(v); err != nil {
		return fmt.Errorf("encode for the journal: %w", err)
	}
	use(e.buf.Bytes())
	return nil
}
