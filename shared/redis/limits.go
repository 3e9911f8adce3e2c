package redis

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/llm"
)

// Windows and metrics by their place in the packed forms, and by the letter
// that they have in a counter's name.
var (
	windows = [...]dcoder.Window{dcoder.WindowMinute, dcoder.WindowDay, dcoder.WindowWeek, dcoder.WindowMonth, dcoder.WindowNow}
	metrics = [...]dcoder.Metric{dcoder.MetricRequests, dcoder.MetricTokens, dcoder.MetricMoney, dcoder.MetricParallel}
	scopes  = [...]dcoder.Scope{dcoder.ScopeKey, dcoder.ScopeUser, dcoder.ScopeGroup, dcoder.ScopeTenant, dcoder.ScopeFailover}
)

const (
	windowLetters = "idwmn"
	metricLetters = "qtmp"
	scopeLetters  = "kugtf"

	lasting  = 4 // window of a counter that never begins anew
	parallel = 3 // metric of calls in flight
)

// field is one counter of the ledger that a set of limits counts in.
type field struct {
	name           string
	boxed          any // name, for the argument list
	window, metric int
	max            float64 // of the limits that deny; +Inf when none does
	deny           int     // which of the set's limits gave max, -1

	share string    // limit of the platform that this is the tenant's part of, "" for its own
	pot   string    // of a share: the limit in its period
	ends  time.Time // of a share: when its period does
}

// limitSet is a slice of limits prepared for the scripts. Longer windows come
// first, so that a refusal names the limit that holds for longest.
type limitSet struct {
	zone   string
	limits []dcoder.Limit
	fields []field
	of     []int     // field of each limit
	places []uint16  // 0, 1, 2 ...
	hurry  bool      // some count what is in flight: who ends makes room at once
	rooms  int       // limits of requests and tokens
	packed []byte    // the counters' names as a reservation carries them
	shares []share   // limits of the platform; they have counters in a derived set
	until  time.Time // when what was approved on top ends; zero: nothing was

	derived *limitSet // with the tenant's shares of the platform's limits; guarded by book.mu
	base    *limitSet // of a derived set: what it was made of
	version int       // of a derived set: of the leases that it was made of
}

var errWrongLimit = errors.New("a limit of unknown scope, metric or window, or a subject that is no id")

// compile prepares limits in the time zone of the tenant, which is part of the
// name of a calendar counter: under another zone it is another counter.
func compile(limits []dcoder.Limit, zone string, at time.Time) (*limitSet, error) {
	s := &limitSet{zone: zone, of: make([]int, len(limits))}
	limits = s.raise(limits, at)
	order := make([]int, len(limits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return longer(limits[b].Window) - longer(limits[a].Window)
	})
	for _, i := range order {
		if limits[i].Scope == dcoder.ScopePlatform {
			if err := s.addShare(i); err != nil {
				return nil, err
			}
			continue
		}
		f, err := fieldOf(limits[i], zone)
		if err != nil {
			return nil, err
		}
		s.of[i] = s.add(f, limits[i], i)
		if limits[i].Metric != dcoder.MetricMoney {
			s.rooms++
		}
		s.hurry = s.hurry || limits[i].Window == dcoder.WindowNow
	}
	s.pack()
	if len(s.fields)+len(s.shares) > math.MaxUint8 || len(s.packed) > math.MaxUint16/2 {
		return nil, errors.New("more limits than one call can carry")
	}
	return s, nil
}

// pack writes the counters' names as a reservation carries them.
func (s *limitSet) pack() {
	for i, f := range s.fields {
		s.places = append(s.places, uint16(i))
		s.packed = append(s.packed, f.storedKind(), byte(len(f.name)))
		s.packed = append(s.packed, f.name...)
	}
}

// addShare notes a limit of the platform that holds calls back; the others are
// nothing that an admission decides.
func (s *limitSet) addShare(i int) error {
	s.of[i] = -1
	if !s.limits[i].Action.Holds() {
		return nil
	}
	sh, err := shareOf(i, s.limits[i])
	if err != nil {
		return err
	}
	s.shares = append(s.shares, sh)
	s.hurry = s.hurry || s.limits[i].Window == dcoder.WindowNow
	return nil
}

func metricIndex(m dcoder.Metric) int { return slices.Index(metrics[:], m) }

// raise puts what was approved on top of the limits that have it.
func (s *limitSet) raise(limits []dcoder.Limit, at time.Time) []dcoder.Limit {
	if slices.ContainsFunc(limits, func(l dcoder.Limit) bool { return len(l.Raises) > 0 }) {
		limits = slices.Clone(limits)
	}
	for i := range limits {
		l := &limits[i]
		if len(l.Raises) == 0 {
			continue
		}
		most, until := l.MaxAt(at)
		l.Max, l.Raises = most, nil
		if !until.IsZero() && (s.until.IsZero() || until.Before(s.until)) {
			s.until = until
		}
	}
	s.limits = limits
	return limits
}

func (s *limitSet) add(f field, l dcoder.Limit, i int) int {
	at := slices.IndexFunc(s.fields, func(g field) bool { return g.name == f.name })
	if at < 0 {
		at = len(s.fields)
		s.fields = append(s.fields, f)
	}
	if g := &s.fields[at]; l.Action.Holds() && float64(l.Max) < g.max {
		g.max, g.deny = float64(l.Max), i
	}
	return at
}

// longer ranks windows by how long a refusal holds.
func longer(w dcoder.Window) int {
	if w == dcoder.WindowNow {
		return -1
	}
	return slices.Index(windows[:], w)
}

// mostModel bounds the model's name in a counter's.
const mostModel = 120

func fieldOf(l dcoder.Limit, zone string) (field, error) {
	scope := slices.Index(scopes[:], l.Scope)
	metric := slices.Index(metrics[:], l.Metric)
	window := slices.Index(windows[:], l.Window)
	if scope < 0 || metric < 0 || window < 0 || len(l.Subject) > 64 || strings.ContainsAny(l.Subject, "<?@#") ||
		len(l.Model) > mostModel || strings.ContainsAny(l.Model, "<?#") || (metric == parallel) != (window == lasting) {
		return field{}, errWrongLimit
	}
	var b strings.Builder
	b.WriteByte(scopeLetters[scope])
	b.WriteByte(metricLetters[metric])
	b.WriteByte(windowLetters[window])
	b.WriteByte(':')
	if l.Scope != dcoder.ScopeTenant {
		b.WriteString(l.Subject)
	}
	if window != lasting && l.Window != dcoder.WindowMinute && zone != "" && zone != "UTC" {
		b.WriteByte('@')
		b.WriteString(zone)
	}
	if l.Model != "" {
		b.WriteByte('#')
		b.WriteString(l.Model)
	}
	f := field{name: b.String(), window: window, metric: metric, max: math.Inf(1), deny: -1}
	f.boxed = f.name
	return f, nil
}

// readFields reads the counters' names of a reservation.
func readFields(packed string) ([]field, error) {
	var fields []field
	for len(packed) > 0 {
		if len(packed) < 2 || len(packed) < 2+int(packed[1]) {
			return nil, errors.New("a reservation with broken counter names")
		}
		n := 2 + int(packed[1])
		f, err := storedField(packed[2:n])
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
		packed = packed[n:]
	}
	return fields, nil
}

func amountOf(a llm.Amounts, metric int) int64 {
	switch metric {
	case 0:
		return clamp(a.Requests)
	case 1:
		return clamp(a.Tokens)
	case parallel:
		return min(clamp(a.Requests), 1)
	default:
		return clamp(a.Money)
	}
}

func appendAmounts(b []byte, a llm.Amounts) []byte {
	b = appendNumber(b, clamp(a.Requests))
	b = appendNumber(b, clamp(a.Tokens))
	return appendNumber(b, clamp(a.Money))
}

// calendar is the current period of each window.
type calendar struct {
	zone   string
	minute int64 // Unix seconds: what the rest was computed for
	starts [5]int64
	ends   [5]time.Time
}

// at returns the calendar that holds now; c is kept while its minute lasts.
func (c *calendar) at(now time.Time, zone string) error {
	minute := now.Unix() / 60 * 60
	if c.minute == minute && c.zone == zone {
		return nil
	}
	loc, err := location(zone)
	if err != nil {
		return err
	}
	c.minute, c.zone = minute, zone
	for i, w := range windows {
		start, end := w.Bounds(now, loc)
		c.starts[i], c.ends[i] = start.Unix(), end
	}
	c.starts[lasting] = 1
	return nil
}

func (c *calendar) append(b []byte) []byte {
	for _, s := range c.starts[:lasting] {
		b = appendNumber(b, s)
	}
	return b
}

// head begins every script call that names the present periods.
type head struct{ counters, keys, calls, riders int }

func appendHead(b []byte, h head, c *calendar, window time.Duration) []byte {
	for _, n := range [...]int{h.counters, h.keys, h.calls, h.riders} {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	b = c.append(b)
	return appendNumber(b, window.Microseconds())
}
