// Package compose renders infra/compose.yaml, the local stack for people with Docker, from the table of versions.
// Passwords and ports come from the env file that `DCODER_STACK=docker make up` writes, so the file holds none.
package compose

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"text/template"

	"github.com/d-coder-ai/dcoder/infra/local/envfile"
	"github.com/d-coder-ai/dcoder/infra/local/pin"
)

//go:embed compose.yaml.tmpl
var text string

// Render is the text of infra/compose.yaml.
func Render() (string, error) {
	parsed, err := template.New("compose").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, map[string]any{"Images": pin.Images, "Port": pin.FirstPort})
	return out.String(), err
}

// Variables are what the file is run with: ports by door, and the secrets that the servers are made with.
func Variables(ports map[string]int, postgresPassword, s3Access, s3Secret string) []envfile.Pair {
	pairs := []envfile.Pair{
		{Key: "POSTGRES_PASSWORD", Value: postgresPassword},
		{Key: "S3_ACCESS_KEY", Value: s3Access},
		{Key: "S3_SECRET_KEY", Value: s3Secret},
	}
	for _, door := range []string{"postgres", "redis", "nats", "temporal", "temporal-ui", "s3"} {
		pairs = append(pairs, envfile.Pair{Key: Variable(door), Value: strconv.Itoa(ports[door])})
	}
	return pairs
}

// Variable is the name of a door's port in the compose file: temporal-ui is TEMPORAL_UI_PORT.
func Variable(door string) string {
	name := bytes.ToUpper([]byte(door))
	return fmt.Sprintf("%s_PORT", bytes.ReplaceAll(name, []byte("-"), []byte("_")))
}
