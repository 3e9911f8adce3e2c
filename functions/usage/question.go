package usage

import (
	"slices"
	"strconv"
	"time"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
	"github.com/d-coder-ai/dcoder/shared/function"
	"github.com/d-coder-ai/dcoder/shared/metering"
)

// question is what a client may ask.
type question struct {
	function.PageInput
	From     string   `query:"from" maxLength:"40" doc:"RFC 3339 time or date (UTC), included; default 30 days before to"`
	To       string   `query:"to" maxLength:"40" doc:"RFC 3339 time or date (UTC), not included; default now"`
	Model    string   `query:"model" maxLength:"256" doc:"as served or as asked for"`
	Key      string   `query:"key" maxLength:"64" doc:"virtual key id"`
	User     string   `query:"user" maxLength:"256"`
	Group    string   `query:"group" maxLength:"256"`
	Provider string   `query:"provider" maxLength:"64"`
	Status   string   `query:"status" maxLength:"8" doc:"success, error, or an HTTP status"`
	GroupBy  []string `query:"groupBy" maxItems:"4" doc:"comma-separated: model, key, user, group, provider, status, day, month, cache"`
	TimeZone string   `query:"timezone" maxLength:"64" doc:"IANA name: whose days and months; default the tenant's own"`
	View     string   `query:"view" enum:"sums,rows" default:"sums" doc:"sums and groups, or the rows one by one"`
}

const (
	usualSpan   = 30 * 24 * time.Hour
	longestSpan = 2 * 366 * 24 * time.Hour
)

// query reads a question; the error names the field at fault.
func (q *question) query(now time.Time) (metering.Query, error) {
	out := metering.Query{
		Model: q.Model, Key: q.Key, User: q.User, Group: q.Group, Provider: q.Provider,
		Status: q.Status, TimeZone: q.TimeZone,
	}
	var err error
	if out.To, err = moment("to", q.To, now); err != nil {
		return out, err
	}
	if out.From, err = moment("from", q.From, out.To.Add(-usualSpan)); err != nil {
		return out, err
	}
	if !out.From.Before(out.To) {
		return out, dcoder.Invalid("from", "from must lie before to")
	}
	if out.To.Sub(out.From) > longestSpan {
		return out, dcoder.Invalid("from", "a question spans two years at most")
	}
	if err := checkStatus(q.Status); err != nil {
		return out, err
	}
	if err := checkZone(q.TimeZone); err != nil {
		return out, err
	}
	out.By, err = dimensions(q.GroupBy)
	return out, err
}

func moment(field, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 2000 && t.Year() < 2200 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, dcoder.Invalid(field, "%s must be a time like 2026-11-22T12:00:00Z or a date like 2026-11-22", field)
}

func checkStatus(s string) error {
	if s == "" || s == "success" || s == "error" {
		return nil
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 100 && n <= 599 {
		return nil
	}
	return dcoder.Invalid("status", "status must be success, error, or an HTTP status from 100 to 599")
}

func checkZone(name string) error {
	if name == "" {
		return nil
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return dcoder.Invalid("timezone", "timezone must be an IANA name like Europe/Berlin")
	}
	return nil
}

func dimensions(names []string) ([]metering.Dimension, error) {
	var out []metering.Dimension
	for _, name := range names {
		d := metering.Dimension(name)
		if !slices.Contains(metering.Dimensions, d) {
			return nil, dcoder.Invalid("groupBy", "groupBy takes model, key, user, group, provider, status, day, month and cache")
		}
		if slices.Contains(out, d) {
			return nil, dcoder.Invalid("groupBy", "groupBy names each dimension once")
		}
		out = append(out, d)
	}
	return out, nil
}
