package vertex

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"
)

// scope is what tokens are asked for.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// lifetime is the longest that Google takes.
const lifetime = time.Hour

type joseHeader struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid,omitempty"`
}

type claims struct {
	Issuer   string `json:"iss"`
	Scope    string `json:"scope"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// assertion signs that a's account asks for a token: a JWT (RFC 7519) with RS256,
// for the grant of RFC 7523. Source: developers.google.com/identity/protocols/oauth2/service-account.
func (a *account) assertion(now time.Time) (string, error) {
	header, err := json.Marshal(joseHeader{"RS256", "JWT", a.KeyID})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims{a.Email, scope, a.TokenURI, now.Unix(), now.Add(lifetime).Unix()})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(header) + "." + encode(body)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", errKey
	}
	return signed + "." + encode(signature), nil
}
