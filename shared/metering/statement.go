package metering

import "github.com/d-coder-ai/dcoder/shared/dcoder"

// StatementLine is what one combination of a statement's dimensions came to in a
// month. Refused calls are in no line: they took nothing.
type StatementLine struct {
	By            []string // values, in the order of the dimensions asked for
	Requests      int64    // calls: the attempts of one call count once
	Attempts      int64    // rows
	Estimated     int64    // rows whose tokens were counted here
	Tokens        dcoder.Tokens
	Cost          dcoder.Micros
	Currency      string
	PriceVersions []string // that rows of the line were priced by, sorted
}

// MonthSum is what a tenant used in a month.
type MonthSum struct {
	Month    string // "2026-11", of the tenant's calendar
	Requests int64
	Tokens   int64
	Cost     dcoder.Micros
}

// StatementDimensions are what a statement's lines can be told apart by.
var StatementDimensions = []Dimension{ByGroup, ByUser, ByModel, ByKey, ByProvider}

// MostLines is how many lines a statement holds.
const MostLines = 100_000
