package kubernetes

import (
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

// KongName is the ConfigMap that holds Kong's configuration.
const KongName = "kong-config"

// volume is one of a pod, and where its container sees it.
type volume struct{ volume, mount manifest.Object }

// The journal of usage stands in the memory that every pod has at /dev/shm: it is writable in a read-only image,
// outlives a container as an emptyDir does, and is no volume, for which the kubelet lets a starting pod wait up to
// 300 ms (its WaitForAttachAndMount looks that often).
const (
	journalVariable = "DCODER_JOURNAL_DIR"
	journalDir      = "/dev/shm/dcoder-journal"
)

// volumes are what a read-only image needs: the file that is told to Kong.
func volumes(d *deployable.Deployable) (out []volume) {
	if d.Reads("DCODER_KONG_CONFIG") {
		out = append(out, volume{
			manifest.Object{"name": "kong", "configMap": manifest.Object{"name": KongName}},
			manifest.Object{"name": "kong", "mountPath": "/etc/kong", "readOnly": true},
		})
	}
	return out
}
