// Package knativecheck holds the rendered manifests against the code that admits
// them in a cluster: kustomize builds each overlay, Knative Serving's own types
// decode, default and validate each Service, and Kubernetes' own types decode all
// else strictly. It is a module of its own, since those types link most of
// Kubernetes. What it cannot reach for are the types of operators (KEDA, External
// Secrets): their fields are held against a list.
package knativecheck
