package main

import (
	"fmt"
)

// service is what is read of a Knative Service.
type service struct {
	Status struct {
		LatestReady   string   `json:"latestReadyRevisionName"`
		LatestCreated string   `json:"latestCreatedRevisionName"`
		Traffic       []target `json:"traffic"`
	} `json:"status"`
}

// target is one share of the traffic. A tag gives a revision a host name of its own,
// so that it can be tried before it gets any.
type target struct {
	Revision string `json:"revisionName,omitempty"`
	Latest   bool   `json:"latestRevision"`
	Percent  int    `json:"percent"`
	Tag      string `json:"tag,omitempty"`
}

// Tags of the two revisions that a canary has.
const (
	tagStable = "stable"
	tagCanary = "canary"
)

// stable is the revision to go back to: the one that is tagged so, else the one that
// gets the most.
func (s *service) stable() (string, error) {
	var best target
	for _, t := range s.Status.Traffic {
		if t.Tag == tagStable {
			return t.Revision, nil
		}
		if t.Percent > best.Percent {
			best = t
		}
	}
	if best.Revision == "" {
		return "", fmt.Errorf("no revision gets traffic yet")
	}
	return best.Revision, nil
}

// hold pins all traffic to the revision that has it.
func hold(s *service) ([]target, error) {
	stable, err := s.stable()
	if err != nil {
		return nil, err
	}
	return []target{{Revision: stable, Percent: 100, Tag: tagStable}}, nil
}

// canary gives the newest revision a share.
func canary(s *service, percent int) ([]target, error) {
	stable, err := s.stable()
	if err != nil {
		return nil, err
	}
	newest := s.Status.LatestReady
	switch {
	case newest != s.Status.LatestCreated:
		return nil, fmt.Errorf("the newest revision %s is not ready", s.Status.LatestCreated)
	case newest == stable:
		return nil, fmt.Errorf("%s is the newest revision already: hold the function, then deploy", stable)
	}
	return []target{{Revision: stable, Percent: 100 - percent, Tag: tagStable}, {Revision: newest, Percent: percent, Tag: tagCanary}}, nil
}

// promote lets the newest revision have all, and those that come after it too.
func promote(s *service) ([]target, error) {
	if s.Status.LatestReady != s.Status.LatestCreated {
		return nil, fmt.Errorf("the newest revision %s is not ready", s.Status.LatestCreated)
	}
	return []target{{Latest: true, Percent: 100}}, nil
}

// rollback takes all traffic from the canary. It works for a bad revision that was
// never held, too: then it cannot know the one before, and says so.
func rollback(s *service) ([]target, error) {
	stable, err := s.stable()
	if err != nil {
		return nil, err
	}
	if stable == s.Status.LatestCreated {
		return nil, fmt.Errorf("%s has all traffic and none is tagged %s: name the one to go back to by kubectl", stable, tagStable)
	}
	return []target{{Revision: stable, Percent: 100, Tag: tagStable}}, nil
}
