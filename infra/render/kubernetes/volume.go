package kubernetes

import (
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// KongName is the ConfigMap that holds Kong's configuration.
const KongName = "kong-config"

// volume is one of a pod, and where its container sees it.
type volume struct{ volume, mount manifest.Object }

// volumes are what a read-only image needs: room for a journal of usage, and the
// file that is told to Kong.
func volumes(d *deployable.Deployable) (out []volume) {
	if d.Reads("DCODER_JOURNAL_DIR") {
		out = append(out, volume{
			manifest.Object{"name": "tmp", "emptyDir": manifest.Object{"sizeLimit": "256Mi"}},
			manifest.Object{"name": "tmp", "mountPath": "/tmp"},
		})
	}
	if d.Reads("DCODER_KONG_CONFIG") {
		out = append(out, volume{
			manifest.Object{"name": "kong", "configMap": manifest.Object{"name": KongName}},
			manifest.Object{"name": "kong", "mountPath": "/etc/kong", "readOnly": true},
		})
	}
	return out
}
