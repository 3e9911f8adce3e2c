package llm

import (
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/price"
)

// What an answer is reckoned with before it is known, tokens.
const (
	usualOutput   = 1_000   // where money only alerts
	unknownOutput = 131_072 // the maximum of a model whose own is not known
)

// reservation is what a call asks the ledger for, by kind.
type reservation struct {
	input, output int64
	strict        bool // a deny limit of money: nothing may be reckoned too low
}

// deniesMoney reports whether any limit holds calls back for their cost.
func deniesMoney(limits []dcoder.Limit) bool {
	return slices.ContainsFunc(limits, func(l dcoder.Limit) bool {
		return l.Metric == dcoder.MetricMoney && l.Action.Holds()
	})
}

// reserve reckons what the call may take: the input's estimate and
// min(max_tokens, usual answer, the tenant's cap), or under a deny limit of
// money what it can take at the very most; at the dearest candidate's price.
func (r *Request) reserve() Amounts {
	if r.Kind == Count { // no model reads it
		r.asked, r.input = reservation{}, 0
		return Amounts{Requests: 1}
	}
	r.asked.strict = deniesMoney(r.limits())
	r.input = r.estimateInput(false)
	r.asked.input = r.estimateInput(r.asked.strict)
	r.asked.output = 0
	if r.Kind != Embedding {
		r.asked.output = times(r.outputBound(), r.Choices)
	}
	a := Amounts{Requests: 1, Tokens: r.asked.input + r.asked.output}
	for i := range r.Candidates {
		a.Money = max(a.Money, r.worth(&r.Candidates[i], r.asked.input, r.asked.output))
	}
	return a
}

// outputBound is the reserved length of one answer.
func (r *Request) outputBound() int64 {
	longest := int64(0)
	for i := range r.Candidates {
		most := r.Candidates[i].Price.OutputMax
		if most == 0 {
			most = unknownOutput
		}
		longest = max(longest, most)
	}
	if r.MaxTokens > 0 {
		longest = min(longest, r.MaxTokens)
	}
	if r.asked.strict {
		return longest
	}
	longest = min(longest, usualOutput)
	if limit := r.Snapshot.Tenant.OutputCap; limit > 0 {
		longest = min(longest, limit)
	}
	return longest
}

// worth is what so many tokens of a candidate cost at most.
func (r *Request) worth(c *Candidate, input, output int64) dcoder.Micros {
	if !r.asked.strict {
		return price.Cost(c.Price, &dcoder.Tokens{Input: input, Output: output})
	}
	d := price.Dearest(c.Price)
	return price.Cost(&d, &dcoder.Tokens{Input: input, Output: output})
}

// writeEstimate tells a client that asks what its call was reckoned with before
// it went out: at the price of whoever serves it, for the input's estimate and
// the longest answer that was reserved. A model without a price has no estimate.
func (r *Request) writeEstimate(h http.Header) {
	if c := r.Candidate(); c != nil && !c.Price.Free() {
		h.Set(dcoder.HeaderCostEstimate, strconv.FormatInt(r.worth(c, r.asked.input, r.asked.output), 10))
	}
}

func times(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64/b {
		return math.MaxInt64
	}
	return a * b
}
