package vertex

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/netip"
	"net/url"
	"strings"

	"github.com/d-coder-ai/dcoder/shared/llm/dialect/google"
)

// account is a service account's key file, as Google's console hands it out.
type account struct {
	Type     string `json:"type"`
	Email    string `json:"client_email"`
	Key      string `json:"private_key"`
	KeyID    string `json:"private_key_id"`
	TokenURI string `json:"token_uri"`

	key *rsa.PrivateKey
	at  *url.URL
}

// isAccount tells a key file from a token that was made elsewhere.
func isAccount(secret string) bool {
	return strings.HasPrefix(strings.TrimLeft(secret, " \t\r\n"), "{")
}

var (
	errAccount = google.Misconfigured("the credential of Vertex AI is neither a service account's key file (JSON) nor an access token")
	errKey     = google.Misconfigured("the private key of the service account cannot be read")
	errURI     = google.Misconfigured("the token_uri of the service account must be an https:// address")
)

// readAccount reads a key file. Its errors say nothing of what stands in it.
func readAccount(secret string) (*account, error) {
	a := &account{TokenURI: "https://oauth2.googleapis.com/token"}
	if json.Unmarshal([]byte(secret), a) != nil || a.Type != "service_account" || a.Email == "" {
		return nil, errAccount
	}
	var err error
	if a.key, err = readKey(a.Key); err != nil {
		return nil, err
	}
	a.at, err = readURI(a.TokenURI)
	return a, err
}

func readKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errKey
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errKey
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < 2048 {
		return nil, errKey
	}
	return key, nil
}

// readURI takes https; and http to an address that is not public, which the
// upstream client dials only where the operator allowed that network.
func readURI(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errURI
	}
	if u.Scheme == "https" {
		return u, nil
	}
	a, err := netip.ParseAddr(u.Hostname())
	if err != nil || u.Scheme != "http" || !a.IsPrivate() && !a.IsLoopback() {
		return nil, errURI
	}
	return u, nil
}

// bearer reads a token that was made elsewhere.
func bearer(secret string) (string, error) {
	if secret == "" || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errAccount
	}
	return secret, nil
}
