package price

import (
	"errors"
	"math"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// The errors of Micros.
var (
	ErrNotDecimal = errors.New("is not a decimal number")
	ErrTooFine    = errors.New("is finer than a micro-unit")
	ErrTooLarge   = errors.New("is out of range")
)

// Shifts of Micros: what a unit of currency is in micro-units, and a price of one
// token as a price of a million.
const (
	PerMillion = 6  // "2.5", for a million tokens
	PerToken   = 12 // "2.5e-06", for one token
)

// Micros reads a decimal number, as JSON writes it, times ten to the power of
// shift. It is exact: a number that is no whole one then is an error, and no
// float is between.
func Micros(text string, shift int) (dcoder.Micros, error) {
	mantissa, exponent, err := exponentOf(text)
	if err != nil {
		return 0, err
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if digits == "" {
		return 0, ErrNotDecimal
	}
	shift += exponent - len(fraction)
	for shift < 0 && strings.HasSuffix(digits, "0") {
		digits, shift = digits[:len(digits)-1], shift+1
	}
	return scaled(digits, shift)
}

func scaled(digits string, shift int) (dcoder.Micros, error) {
	n := dcoder.Micros(0)
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, ErrNotDecimal
		}
		if n > (math.MaxInt64-9)/10 {
			return 0, ErrTooLarge
		}
		n = 10*n + dcoder.Micros(c-'0')
	}
	if n == 0 {
		return 0, nil
	}
	if shift < 0 {
		return 0, ErrTooFine
	}
	for range shift {
		if n > math.MaxInt64/10 {
			return 0, ErrTooLarge
		}
		n *= 10
	}
	return n, nil
}

// exponentOf cuts "e-06" off a number.
func exponentOf(text string) (mantissa string, exponent int, err error) {
	at := strings.IndexAny(text, "eE")
	if at < 0 {
		return text, 0, nil
	}
	digits := text[at+1:]
	negative := strings.HasPrefix(digits, "-")
	digits = strings.TrimLeft(digits, "+-")
	if digits == "" || len(digits) > 4 {
		return "", 0, ErrNotDecimal
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return "", 0, ErrNotDecimal
		}
		exponent = 10*exponent + int(c-'0')
	}
	if negative {
		exponent = -exponent
	}
	return text[:at], exponent, nil
}
