package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// variables is what a name in a secret begins with: a secret configures the
// platform and cannot reach what else the process reads.
const variables = "DCODER_"

// Secrets reads secrets of Secrets Manager, by name or ARN: each a JSON object of
// configuration variables and their values, a later one over an earlier. Its
// errors name secrets and variables, never a value.
func Secrets(ctx context.Context, c Config, ids ...string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second) // Lambda ends an initialisation after 10
	defer cancel()
	client := secretsmanager.New(secretsmanager.Options{Region: c.Region, Credentials: c.Credentials, BaseEndpoint: c.base()})
	out := map[string]string{}
	for _, id := range ids {
		got, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			return nil, fmt.Errorf("read the secret %s: %w", id, err)
		}
		if got.SecretString == nil {
			return nil, fmt.Errorf("the secret %s is binary: a JSON object of variables is wanted", id)
		}
		if err := readSecret([]byte(*got.SecretString), out); err != nil {
			return nil, fmt.Errorf("the secret %s %w", id, err)
		}
	}
	return out, nil
}

// readSecret adds a secret's variables. The decoder's own error may quote the
// input and is left out.
func readSecret(raw []byte, into map[string]string) error {
	var values map[string]string
	if json.Unmarshal(raw, &values) != nil {
		return fmt.Errorf("is not a JSON object of texts")
	}
	for name, value := range values {
		if !strings.HasPrefix(name, variables) {
			return fmt.Errorf("holds %q: only %s variables may stand in it", name, variables)
		}
		into[name] = value
	}
	return nil
}
