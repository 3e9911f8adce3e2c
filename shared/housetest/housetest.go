// Package housetest keeps the manners of the house: arrows between packages
// point down, every package is documented, no room holds everything, and what
// each deployable links is a checked-in list. Its rules are tests; it has nothing
// to import.
//
// Where a package stands is written once, in the table of docs/architecture.md,
// which these tests read.
package housetest
