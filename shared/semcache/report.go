package semcache

// Report adds up what a tier did or, in shadow, would have done. Money is in
// micro-units of the tenant's currency.
type Report struct {
	Requests int   `json:"requests"` // that reached the tier
	Would    int   `json:"would"`    // that the bound would have let serve
	Served   int   `json:"served"`
	Verified int   `json:"verified"` // of Would: those whose fresh answer was compared
	Wrong    int   `json:"wrong"`    // of Verified: the cached answer was another one
	Saved    int64 `json:"saved"`    // the price of calls that were, or would have been, spared
	Spent    int64 `json:"spent"`    // on embeddings, and on verification of what could have been served
}

// Outcome is one request for a report.
type Outcome struct {
	Decision Decision
	Shadow   bool  // nothing was served, whatever the decision says
	Labelled bool  // a fresh answer was compared
	Same     bool  //
	Price    int64 // of the call, made or spared
	Embedded int64 // price of the embedding
}

// Add counts a request. A verification counts as spent only outside of shadow:
// there the call was made for the client anyway.
func (r *Report) Add(o *Outcome) {
	r.Requests++
	r.Spent += o.Embedded
	if !o.Decision.Would {
		return
	}
	r.Would++
	if o.Labelled {
		r.Verified++
		if !o.Same {
			r.Wrong++
		}
	}
	switch {
	case o.Shadow && o.Decision.Serve:
		r.Saved += o.Price
	case !o.Shadow && o.Decision.Serve:
		r.Served++
		r.Saved += o.Price
	case !o.Shadow && o.Decision.Verify:
		r.Spent += o.Price
	}
}

// Error is the share of wrong answers among those that could be served: the
// bounds of a two-sided interval of that confidence.
func (r *Report) Error(confidence float64) (low, high float64) {
	one := (1 + confidence) / 2
	return LowerBound(r.Wrong, r.Verified, one), UpperBound(r.Wrong, r.Verified, one)
}
