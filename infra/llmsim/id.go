package llmsim

import (
	"crypto/rand"
	"encoding/json"
)

// token returns n random letters and digits: the body of vendors' ids.
func token(n int) string {
	const alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789lIO-_"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	for i := range b {
		b[i] = alphabet[b[i]%62]
	}
	return string(b)
}

func quoteJSON(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}
