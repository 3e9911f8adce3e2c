package semcache

// record is what a partition has shown by itself, at levels that the tenant
// serves.
type record struct {
	verified, wrong int
	closed          bool
}

// mostRecord is how long a record gets before it is halved, so that what is long
// ago counts less: four times what a bound without a wrong answer needs.
func (c *Config) mostRecord() int { return max(256, int(12/c.Served)) }

// doubt is the confidence at which a partition's own record closes it. It is low
// on purpose: to close one needlessly costs a few hits, and a closed partition
// verifies everything for nothing, since it calls the provider anyway.
const doubt = 0.8

func (p *Policy) note(partition uint64, m mark) {
	r := p.partitions[partition]
	if r == nil {
		r = new(record)
		p.partitions[partition] = r
	}
	if !p.Open() || m.level < 0 || int(m.level) < p.open {
		return
	}
	r.verified++
	if m.wrong {
		r.wrong++
	}
	if r.verified >= p.cfg.mostRecord() {
		r.verified, r.wrong = r.verified/2, r.wrong/2
	}
	p.judge(r)
}

// judge closes a partition whose own error is above what a served answer may
// have, and opens it again once its own record alone bounds it.
func (p *Policy) judge(r *record) {
	if r.closed {
		r.closed = UpperBound(r.wrong, r.verified, p.cfg.Confidence) > p.cfg.Served
		return
	}
	r.closed = r.wrong > 0 && LowerBound(r.wrong, r.verified, doubt) > p.cfg.Served
}

// Closed says whether a partition was closed by its own record.
func (p *Policy) Closed(partition uint64) bool {
	r := p.partitions[partition]
	return r != nil && r.closed
}
