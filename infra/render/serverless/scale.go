package serverless

import (
	"cmp"
	"strconv"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// most pods of a function that says nothing.
const most = 20

// scale is in labels, by requests under way. The Community Edition keeps one pod:
// scale to zero takes OpenFaaS' other editions.
func scale(d *deployable.Deployable) manifest.Object {
	return manifest.Object{
		"com.openfaas.scale.min":           strconv.Itoa(max(d.Scale.Min, 1)),
		"com.openfaas.scale.max":           strconv.Itoa(cmp.Or(d.Scale.Max, most)),
		"com.openfaas.scale.type":          "capacity",
		"com.openfaas.scale.target":        strconv.Itoa(d.Scale.Concurrency),
		"com.openfaas.scale.zero":          strconv.FormatBool(d.Scale.Min == 0),
		"com.openfaas.scale.zero-duration": "5m",
	}
}
