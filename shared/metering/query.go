package metering

import (
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Query chooses usage rows; empty fields choose all.
type Query struct {
	From, To time.Time // From <= time < To
	Model    string    // as served or as asked
	Key      string
	User     string
	Group    string
	Provider string
	Status   string // "success", "error", or an HTTP status
	By       []Dimension
	TimeZone string // IANA name for day and month; "" is the tenant's own
}

// Dimension is something to group by.
type Dimension string

// The dimensions of a report.
const (
	ByModel    Dimension = "model"
	ByKey      Dimension = "key"
	ByUser     Dimension = "user"
	ByGroup    Dimension = "group"
	ByProvider Dimension = "provider"
	ByStatus   Dimension = "status"
	ByDay      Dimension = "day"
	ByMonth    Dimension = "month"
	ByCache    Dimension = "cache"
)

// Dimensions lists what a report can be grouped by.
var Dimensions = []Dimension{ByModel, ByKey, ByUser, ByGroup, ByProvider, ByStatus, ByDay, ByMonth, ByCache}

// Sums is what a set of rows comes to.
type Sums struct {
	Requests     int64 // calls: the attempts of one call count once
	Attempts     int64 // rows
	Errors       int64 // rows with a status of 400 or more
	Estimated    int64 // rows whose tokens were counted here, not reported by the provider
	Tokens       dcoder.Tokens
	Cost         dcoder.Micros
	CostBaseline dcoder.Micros
	Total        Percentiles // to the last byte, of calls without an error
	FirstToken   Percentiles // to the first content, of calls that had one
}

// Percentiles of milliseconds; 0 where nothing was measured.
type Percentiles struct{ P50, P95 float64 }

// Group is one line of a report.
type Group struct {
	By map[Dimension]string
	Sums
}

// Report answers a query.
type Report struct {
	Total     Sums
	Currency  string
	Groups    []Group // dearest first
	Truncated bool    // there are more groups than an answer holds
}

// MostGroups is how many groups a report holds.
const MostGroups = 1000

// Place is where a page of rows goes on: after the row with this identity.
// The zero value is the newest row.
type Place struct {
	Time    time.Time
	ID      string
	Attempt int
}
