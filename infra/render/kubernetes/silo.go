package kubernetes

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
	"github.com/d-coder-ai/dcoder/shared/dcoder"
)

// Silos is the folder of the files that name silo tenants, one each.
const Silos = "infra/tenants"

// Silo is a tenant whose functions run in a namespace of their own, at zero when
// nobody asks.
type Silo struct {
	Tenant      string `json:"tenant"`
	Environment string `json:"environment"`
	Host        string `json:"host"` // by which Kong tells its requests
	Quota       Quota  `json:"quota"`
}

// Quota bounds what the namespace may take of the cluster.
type Quota struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
	Pods   int    `json:"pods"`
}

// pooled are the functions that a silo tenant shares with all others: they act
// on the platform's records of tenants, for which a silo has no rights.
var pooled = []string{"tenants"}

// SiloNamespace is where the functions of a silo tenant live.
func SiloNamespace(tenant string) string { return Namespace + "-" + tenant }

// Own says where a function of a silo tenant's host lives.
func (s *Silo) Own(function string) (namespace string) {
	if slices.Contains(pooled, function) {
		return Namespace
	}
	return SiloNamespace(s.Tenant)
}

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)

// Check refuses what would make a broken or a foreign namespace.
func (s *Silo) Check() error {
	switch {
	case !dcoder.ValidTenantID(s.Tenant):
		return fmt.Errorf("tenant: %q is no tenant's id", s.Tenant)
	case len(s.Host) > 253 || !hostName.MatchString(s.Host):
		return fmt.Errorf("host: %q is no host name", s.Host)
	case s.Quota.CPU == "" || s.Quota.Memory == "" || s.Quota.Pods <= 0:
		return fmt.Errorf("quota: cpu, memory and pods must be said")
	}
	return nil
}

// DefaultQuota has room for one tenant's peak.
var DefaultQuota = Quota{CPU: "8", Memory: "8Gi", Pods: 40}

// ReadSilos reads all of them, by tenant.
func ReadSilos(root string) (out []Silo, err error) {
	files, err := filepath.Glob(filepath.Join(root, Silos, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a silo tenant: %w", err)
		}
		var s Silo
		if err = yaml.UnmarshalStrict(raw, &s); err == nil {
			err = s.Check()
		}
		if err == nil && s.Tenant+".yaml" != filepath.Base(path) {
			err = fmt.Errorf("tenant: %q is not the file's name", s.Tenant)
		}
		if err != nil {
			return nil, fmt.Errorf("silo tenant %s: %w", filepath.Base(path), err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Namespaced renders everything that a silo tenant has of its own.
func (s *Silo) Namespaced(e *Environment, all []deployable.Deployable) ([]manifest.File, error) {
	f := &folder{path: Root + "/tenants/" + s.Tenant}
	name := SiloNamespace(s.Tenant)
	own := s.deployables(all)
	config := s.config(e.Config)
	f.add("namespace.yaml", namespace(name, map[string]string{"d-coder.ai/tenant": s.Tenant}), s.quota(), limits())
	f.add("config.yaml", configMap(configName, config))
	for i := range own {
		f.add(own[i].Name+".yaml", account(own[i].Name), s.workload(&own[i]))
	}
	f.add("network.yaml", append(walls(own), paths(e, own)...)...)
	if e.Secrets != nil {
		f.add("secrets.yaml", s.secrets(e, own)...)
	}
	if e.Keda != nil {
		f.add("scalers.yaml", s.scalers(e.Keda, config, own)...)
	}
	patches, err := stamps(config)
	if err != nil {
		return nil, err
	}
	files, err := f.close(manifest.Object{
		"namespace": name, "patches": patches,
		"labels": manifest.List{manifest.Object{"pairs": manifest.Object{"d-coder.ai/tenant": s.Tenant, "d-coder.ai/environment": e.Name}}},
	})
	return append(files, manifest.File{Path: f.path + "/database.sql", Data: s.database()}), err
}

// deployables of its own: its functions, and a dispatcher for its events. The
// worker is not among them: the workflows of today make tenants, which takes
// rights that a silo must not have.
func (s *Silo) deployables(all []deployable.Deployable) (out []deployable.Deployable) {
	for _, d := range all {
		isFunction := d.Kind == deployable.Function && !slices.Contains(pooled, d.Name)
		if isFunction || d.Reads("DCODER_FUNCTION_URL") {
			d.Scale.Min = 0
			out = append(out, d)
		}
	}
	return out
}

// workload has no pod until KEDA or Knative sees work.
func (s *Silo) workload(d *deployable.Deployable) manifest.Object {
	out := workload(d)
	if d.Kind == deployable.Poller {
		out["spec"].(manifest.Object)["replicas"] = 0
	}
	return out
}

// config gives the tenant streams and a task queue of its own.
func (s *Silo) config(of map[string]string) map[string]string {
	out := maps.Clone(of)
	if out == nil {
		out = map[string]string{}
	}
	out["DCODER_NATS_PREFIX"] = Namespace + "-" + s.Tenant
	out["DCODER_TEMPORAL_TASK_QUEUE"] = Namespace + "-" + s.Tenant
	out["DCODER_FUNCTION_URL"] = "http://{function}." + SiloNamespace(s.Tenant) + ".svc.cluster.local"
	return out
}

func (s *Silo) quota() manifest.Object {
	return object("v1", "ResourceQuota", Namespace, manifest.Object{"hard": manifest.Object{
		"requests.cpu": s.Quota.CPU, "requests.memory": s.Quota.Memory, "limits.memory": s.Quota.Memory,
		"pods": fmt.Sprint(s.Quota.Pods), "services.loadbalancers": "0", "services.nodeports": "0",
	}})
}

// limits gives containers that say nothing a size: Knative's sidecar names none,
// and a quota refuses such pods.
func limits() manifest.Object {
	return object("v1", "LimitRange", Namespace, manifest.Object{"limits": manifest.List{manifest.Object{
		"type": "Container", "defaultRequest": manifest.Object{"cpu": "25m", "memory": "32Mi"}, "default": manifest.Object{"memory": "128Mi"},
	}}})
}

// shared are the secrets that a silo tenant has in common with the platform: who
// proves keys, and who opens what is sealed, is the same on both sides.
var shared = []string{"DCODER_KEK", "DCODER_PEPPERS"}

func (s *Silo) secrets(e *Environment, own []deployable.Deployable) (out []any) {
	prefix := func(variable string) string {
		if slices.Contains(shared, variable) {
			return e.Secrets.Prefix
		}
		return e.Secrets.Prefix + "tenants/" + s.Tenant + "/"
	}
	for i := range own {
		out = append(out, externalSecret(own[i].Name, e.Secrets, e.Secrets.wanted(&own[i]), prefix))
	}
	return out
}

func (s *Silo) scalers(k *Keda, config map[string]string, own []deployable.Deployable) (out []any) {
	for _, d := range deployable.Of(own, deployable.Poller) {
		if t := triggers(&d, k, config, deployable.Hears(own)); len(t) > 0 {
			out = append(out, scaledObject(d.Name, 0, 1, t))
		}
	}
	return out
}
