package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/d-coder-ai/dcoder/infra/e2e/kube"
)

// Revise rolls out a new revision of a function that differs in one annotation.
func (s *Site) Revise(ctx context.Context, function, mark string) error {
	return s.patch(ctx, function, map[string]any{
		"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]string{"d-coder.ai/e2e": mark}}}},
	})
}

func (s *Site) patch(ctx context.Context, function string, change any) error {
	raw, err := json.Marshal(change)
	if err != nil {
		return err
	}
	_, err = s.Cluster.Run(ctx, nil, "patch", "ksvc", function, "--type=merge", "-p", string(raw))
	return err
}

// Split is a canary that runs.
type Split struct {
	site     *Site
	function string
}

type service struct {
	Status struct{ LatestReadyRevisionName, LatestCreatedRevisionName string }
}

// Canary makes a new revision of a function and sends it so many per cent of the traffic.
func (s *Site) Canary(ctx context.Context, function string, percent int) (*Split, error) {
	var now service
	if err := s.Cluster.Get(ctx, &now, "ksvc", function); err != nil {
		return nil, err
	}
	stable := now.Status.LatestReadyRevisionName
	split := &Split{s, function}
	traffic := []map[string]any{
		{"revisionName": stable, "percent": 100 - percent, "tag": "stable"},
		{"latestRevision": true, "percent": percent, "tag": "canary"},
	}
	hold := []map[string]any{{"revisionName": stable, "percent": 100}}
	if err := s.patch(ctx, function, map[string]any{"spec": map[string]any{"traffic": hold}}); err != nil {
		return nil, err
	}
	if err := s.Revise(ctx, function, fmt.Sprint("canary ", time.Now().UnixNano())); err != nil {
		return nil, err
	}
	err := kube.Until(ctx, "the canary", 2*time.Minute, 500*time.Millisecond, func(ctx context.Context) (bool, error) {
		err := s.Cluster.Get(ctx, &now, "ksvc", function)
		return now.Status.LatestReadyRevisionName != stable && now.Status.LatestReadyRevisionName == now.Status.LatestCreatedRevisionName, err
	})
	if err == nil {
		err = s.patch(ctx, function, map[string]any{"spec": map[string]any{"traffic": traffic}})
	}
	if err == nil {
		err = s.AllReady(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, split.End(ctx))
	}
	return split, nil
}

// End sends all traffic to the latest revision again.
func (p *Split) End(ctx context.Context) error {
	all := []map[string]any{{"latestRevision": true, "percent": 100}}
	if err := p.site.patch(ctx, p.function, map[string]any{"spec": map[string]any{"traffic": all}}); err != nil {
		return err
	}
	return p.site.AllReady(ctx)
}
