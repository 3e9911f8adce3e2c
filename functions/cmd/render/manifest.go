package main

// The parts of serving.knative.dev/v1 that are rendered. They are written here
// rather than imported: the real types link most of Kubernetes. Knative's own
// admission code checks the result in a module of its own.

type service struct {
	APIVersion string      `json:"apiVersion"`
	Kind       string      `json:"kind"`
	Metadata   metadata    `json:"metadata"`
	Spec       serviceSpec `json:"spec"`
}

type metadata struct {
	Name        string            `json:"name,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type serviceSpec struct {
	Template template `json:"template"`
}

type template struct {
	Metadata metadata     `json:"metadata"`
	Spec     revisionSpec `json:"spec"`
}

type revisionSpec struct {
	AutomountServiceAccountToken bool        `json:"automountServiceAccountToken"`
	EnableServiceLinks           bool        `json:"enableServiceLinks"`
	ContainerConcurrency         int         `json:"containerConcurrency"`
	TimeoutSeconds               int         `json:"timeoutSeconds"`
	Containers                   []container `json:"containers"`
	Volumes                      []volume    `json:"volumes,omitempty"`
}

type container struct {
	Image           string          `json:"image"`
	Ports           []port          `json:"ports"`
	Env             []variable      `json:"env,omitempty"`
	Resources       resources       `json:"resources"`
	SecurityContext securityContext `json:"securityContext"`
	ReadinessProbe  probe           `json:"readinessProbe"`
	LivenessProbe   probe           `json:"livenessProbe"`
	VolumeMounts    []mount         `json:"volumeMounts,omitempty"`
}

type port struct {
	ContainerPort int `json:"containerPort"`
}

type variable struct {
	Name      string    `json:"name"`
	ValueFrom valueFrom `json:"valueFrom"`
}

type valueFrom struct {
	SecretKeyRef    *keyRef `json:"secretKeyRef,omitempty"`
	ConfigMapKeyRef *keyRef `json:"configMapKeyRef,omitempty"`
}

type keyRef struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Optional bool   `json:"optional,omitempty"`
}

type resources struct {
	Requests map[string]string `json:"requests"`
	Limits   map[string]string `json:"limits"`
}

type securityContext struct {
	AllowPrivilegeEscalation bool                `json:"allowPrivilegeEscalation"`
	ReadOnlyRootFilesystem   bool                `json:"readOnlyRootFilesystem"`
	RunAsNonRoot             bool                `json:"runAsNonRoot"`
	Capabilities             map[string][]string `json:"capabilities"`
	SeccompProfile           map[string]string   `json:"seccompProfile"`
}

type probe struct {
	HTTPGet          httpGet `json:"httpGet"`
	PeriodSeconds    int     `json:"periodSeconds,omitempty"`
	FailureThreshold int     `json:"failureThreshold,omitempty"`
}

type httpGet struct {
	Path string `json:"path"`
}

type volume struct {
	Name     string   `json:"name"`
	EmptyDir emptyDir `json:"emptyDir"`
}

type emptyDir struct {
	SizeLimit string `json:"sizeLimit"`
}

type mount struct {
	Name      string `json:"name"`
	MountPath string `json:"mountPath"`
}

type kustomization struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Namespace  string   `json:"namespace"`
	Resources  []string `json:"resources"`
}
