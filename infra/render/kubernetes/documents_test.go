package kubernetes_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/d-coder-ai/dcoder/functions/catalog"
	"github.com/d-coder-ai/dcoder/functions/cmd/wiring/settings"
	"github.com/d-coder-ai/dcoder/infra/render/deployable"
	"github.com/d-coder-ai/dcoder/infra/render/kubernetes"
	"github.com/d-coder-ai/dcoder/infra/render/manifest"
)

const root = "../../.."

func deployables(t *testing.T) []deployable.Deployable {
	t.Helper()
	all, err := deployable.List(catalog.All(), settings.All())
	require.NoError(t, err)
	return all
}

func environments(t *testing.T) []kubernetes.Environment {
	t.Helper()
	all, err := kubernetes.ReadEnvironments(root)
	require.NoError(t, err)
	require.Len(t, all, 3)
	return all
}

// document is the part of any object that the tests look at.
type document struct {
	Kind     string
	Metadata meta
	Spec     struct {
		PodSelector struct{ MatchLabels map[string]string }
		PolicyTypes []string
		Ingress     []any
		Egress      []any
		Replicas    *int
		Template    struct {
			Metadata meta
			Spec     podSpec
		}
		Hard    map[string]string
		Data    []struct{ SecretKey, RemoteRef any }
		Target  struct{ Name string }
		Min     *int `json:"minReplicaCount"`
		Trigger []struct {
			Type     string
			Metadata map[string]string
		} `json:"triggers"`
		Selector struct{ MatchLabels map[string]string }
	}
	Data map[string]string
}

type meta struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
}

type podSpec struct {
	ServiceAccountName           string
	AutomountServiceAccountToken *bool
	TimeoutSeconds               int
	TerminationGracePeriod       int `json:"terminationGracePeriodSeconds"`
	Containers                   []struct {
		Image string
		Env   []struct {
			Name      string
			Value     string
			ValueFrom struct {
				SecretKeyRef, ConfigMapKeyRef *struct{ Name, Key string }
			}
		}
		Resources struct{ Requests, Limits map[string]string }

		SecurityContext struct {
			ReadOnlyRootFilesystem, RunAsNonRoot bool
			AllowPrivilegeEscalation             *bool
			Capabilities                         struct{ Drop []string }
		}
	}
}

// parse reads every document of the files.
func parse(t *testing.T, files []manifest.File) (out []document) {
	t.Helper()
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".yaml") || strings.HasSuffix(f.Path, "kustomization.yaml") {
			continue
		}
		for _, raw := range bytes.Split(f.Data, []byte("\n---\n")) {
			var d document
			require.NoError(t, yaml.Unmarshal(raw, &d), f.Path)
			out = append(out, d)
		}
	}
	return out
}

func one(t *testing.T, all []document, kind, name string) document {
	t.Helper()
	for _, d := range all {
		if d.Kind == kind && d.Metadata.Name == name {
			return d
		}
	}
	require.Fail(t, "not rendered", "%s %s", kind, name)
	return document{}
}
