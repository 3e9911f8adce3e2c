// Package kong holds the configuration that is rendered for Kong, as make dev and
// the tests run it. The files are rendered; edit the functions, or package
// infra/render/gateway.
package kong

import _ "embed"

// Dev is the configuration of the environment dev.
//
//go:embed kong.yml
var Dev []byte
