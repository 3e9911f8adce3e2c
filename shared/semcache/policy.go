package semcache

// Config is what a tenant decides about its semantic cache. Zero fields take the
// defaults.
type Config struct {
	Delta      float64 // wrong answers of all requests that reach the tier, at most; default 0.01
	Served     float64 // wrong answers of those that are served, at most; default 5 x Delta
	Confidence float64 // of the bounds; default 0.95
	Verify     float64 // share of would-be hits that are verified; default 0.1
	Floor      float64 // least share of verified; default 0.01
	Miss       float64 // how often the verifier calls different answers the same; default VerifierMiss
	Window     int     // requests that evidence is kept of; default 8192
}

func (c *Config) defaults() {
	set(&c.Delta, 0.01)
	set(&c.Served, 5*c.Delta)
	set(&c.Confidence, 0.95)
	set(&c.Verify, 0.1)
	set(&c.Floor, 0.01)
	set(&c.Miss, VerifierMiss)
	if c.Window == 0 {
		c.Window = 8192
	}
}

func set(x *float64, fallback float64) {
	if *x == 0 {
		*x = fallback
	}
}

// Policy decides for the partitions of one tenant and embedder what may be
// served, by what was verified. All partitions share one learner and one window
// of evidence, so that a small partition need not earn everything by itself; each
// keeps a record of its own and is closed when that record is worse than the
// tenant's. It is a fold over observations: the same ones in the same order make
// the same policy in every process. It is not safe for concurrent use.
type Policy struct {
	cfg        Config
	learner    *learner
	window     window
	partitions map[uint64]*record
	open       int // the lowest level that is served; levels when nothing is
	bound      Bound
	seen       int
}

// Bound is what the policy knows about its error at the level it serves.
type Bound struct {
	Requests float64 // upper bound of wrong answers of all requests
	Served   float64 // upper bound of wrong answers of those served
	Share    float64 // of requests that reach the level
	Verified int     // samples behind it
	Wrong    int     // of them
}

// NewPolicy returns a policy that has seen nothing and serves nothing.
func NewPolicy(cfg Config) *Policy {
	cfg.defaults()
	return &Policy{
		cfg: cfg, learner: newLearner(), window: window{ring: make([]mark, 0, min(cfg.Window, 1024)), most: cfg.Window},
		partitions: map[uint64]*record{}, open: levels,
	}
}

// Decision is what may be done with a proposal.
type Decision struct {
	Score  float64 // log odds that the answer is right
	Would  bool    // the bound holds for it: shadow mode reports it
	Serve  bool    // give the cached answer
	Verify bool    // call the provider although the answer could be served
}

// Decide judges a proposal of a partition. draw is uniform in [0, 1) and decides
// which would-be hits are verified.
func (p *Policy) Decide(partition uint64, f *Features, draw float64) Decision {
	d := Decision{Score: p.learner.score(f)}
	if f.Hard || level(d.Score) < p.open {
		return d
	}
	r := p.partitions[partition]
	if r != nil && r.closed {
		return d
	}
	d.Would = true
	d.Verify = draw < p.share(r)
	d.Serve = !d.Verify
	return d
}

// Newcomers are verified more often than the tenant's rate.
const (
	newcomer      = 20
	newcomerShare = 0.5
)

// share is how many of a partition's would-be hits are verified: more while it
// is new, fewer while the bound has room.
func (p *Policy) share(r *record) float64 {
	if (r == nil || r.verified < newcomer) && len(p.partitions) > 1 {
		return newcomerShare
	}
	return p.cfg.Floor + (p.cfg.Verify-p.cfg.Floor)*min(1, 2*p.bound.Requests/p.cfg.Delta)
}

// Bound returns what is known at the level that is served now.
func (p *Policy) Bound() Bound { return p.bound }

// Open says whether anything is served.
func (p *Policy) Open() bool { return p.open < levels }
