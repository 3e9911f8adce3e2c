// Package secrets makes the local stack's secrets once a machine and keeps them in one file: passwords, the key
// encryption keyset, key peppers and event secrets. They guard a stack that listens on loopback only; production
// takes its secrets from a secret store.
package secrets

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// Set is everything secret that the stack uses.
type Set struct {
	PostgresSuper   string `json:"postgresSuper"`
	PostgresCreator string `json:"postgresCreator"`
	PostgresApp     string `json:"postgresApp"`
	S3Access        string `json:"s3Access"`
	S3Secret        string `json:"s3Secret"`
	KEK             string `json:"kek"`          // a Tink AES256-GCM keyset, cleartext JSON
	Peppers         string `json:"peppers"`      // {"current":"p1","keys":{"p1":"<base64, 32 bytes>"}}
	EventSecrets    string `json:"eventSecrets"` // hex, 32 bytes
}

// Load reads the set at path, making it first where it is absent.
func Load(path string) (Set, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return Set{}, err
	}
	var set Set
	if err := json.Unmarshal(text, &set); err != nil {
		return Set{}, fmt.Errorf("reading the stack's secrets at %s: %w", path, err)
	}
	return set, nil
}

func create(path string) (Set, error) {
	kek, err := newKEK()
	if err != nil {
		return Set{}, fmt.Errorf("making the key encryption keyset: %w", err)
	}
	set := Set{
		PostgresSuper: random(), PostgresCreator: random(), PostgresApp: random(),
		S3Access: "dcoder-" + random()[:8], S3Secret: random(),
		KEK: kek, Peppers: newPeppers(), EventSecrets: random(),
	}
	text, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		return Set{}, err
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return Set{}, err
	}
	return set, os.Rename(path+".new", path)
}

// random is 32 random bytes in hex.
func random() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	return hex.EncodeToString(raw)
}

func newPeppers() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	return fmt.Sprintf(`{"current":"p1","keys":{"p1":%q}}`, base64.StdEncoding.EncodeToString(raw))
}

func newKEK() (string, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return "", err
	}
	var line bytes.Buffer
	err = json.Compact(&line, text.Bytes())
	return line.String(), err
}
