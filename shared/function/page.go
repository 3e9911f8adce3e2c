package function

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Page is one page of a list.
type Page[T any] struct {
	Items      []T    `json:"items" nullable:"false"`
	NextCursor string `json:"nextCursor" doc:"give it back as cursor to read on; empty on the last page"`
}

// NewPage returns a page whose items are never null.
func NewPage[T any](items []T, nextCursor string) Page[T] {
	if items == nil {
		items = []T{}
	}
	return Page[T]{Items: items, NextCursor: nextCursor}
}

// PageInput is embedded in the input of a Call that lists.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"most items of a page"`
	Cursor string `query:"cursor" maxLength:"2048" doc:"nextCursor of the page before"`
}

const checkLen = 8

// EncodeCursor makes an opaque cursor of a position: a small struct of the sort
// key's values, last the unique one, so that the cursor stays good while rows
// are added. A position is not secret, only unreadable at a glance.
// It panics on a type that is no JSON.
func EncodeCursor[T any](position T) string {
	raw, err := json.Marshal(position)
	if err != nil {
		panic(fmt.Sprintf("function: a cursor of %T: %v", position, err))
	}
	sum := cursorSum(raw)
	return base64.RawURLEncoding.EncodeToString(append(sum[:checkLen:checkLen], raw...))
}

// DecodeCursor is the inverse of EncodeCursor; "" is the zero position. A cursor
// that we did not make is a 400 that names "cursor". The checksum tells slips
// and tampering by hand; it is no authentication, so a position must never reach
// beyond the caller's own rows.
func DecodeCursor[T any](cursor string) (position T, err error) {
	if cursor == "" {
		return position, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < checkLen {
		return position, errCursor()
	}
	sum := cursorSum(raw[checkLen:])
	if subtle.ConstantTimeCompare(sum[:checkLen], raw[:checkLen]) != 1 {
		return position, errCursor()
	}
	d := json.NewDecoder(bytes.NewReader(raw[checkLen:]))
	d.DisallowUnknownFields()
	if err := d.Decode(&position); err != nil {
		var zero T
		return zero, errCursor()
	}
	return position, nil
}

func errCursor() error {
	return dcoder.Invalid("cursor", "the cursor is not one of this list; begin without a cursor")
}

func cursorSum(raw []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte("dcoder-cursor-v1:"), raw...))
}
