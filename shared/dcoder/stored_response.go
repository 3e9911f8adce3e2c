package dcoder

import "time"

// StoredResponse is an answer of /v1/responses that is kept for a later call of
// the same owner.
type StoredResponse struct {
	ID       string
	Owner    string   // whose it is: "user:ID", or "key:ID" of a key without a user
	Previous string   // the answer that it continues, "" for none
	Items    []string // ids of the items of the answer
	Input    []byte   // JSON list of the items that were sent, without those of Previous
	Response []byte   // JSON response object
	Created  time.Time
	Expires  time.Time
}
