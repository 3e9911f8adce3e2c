package llmsim

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// routeControl serves what tests say and ask over HTTP:
//
//	POST /_sim/faults    a Fault, or a list of them
//	POST /_sim/latency   a Latency
//	POST /_sim/keys      {"refuse": ["..."]}: credentials that are unknown
//	POST /_sim/reset     forget all of it, counters and log too
//	GET  /_sim/counters  {"counters": [Counter]}
//	GET  /_sim/requests  ?since=seq -> {"requests": [Seen]}
func (s *Server) routeControl() {
	s.mux.HandleFunc("POST /_sim/faults", s.postFaults)
	s.mux.HandleFunc("POST /_sim/latency", s.postLatency)
	s.mux.HandleFunc("POST /_sim/keys", s.postKeys)
	s.mux.HandleFunc("POST /_sim/reset", s.postReset)
	s.mux.HandleFunc("GET /_sim/counters", s.getCounters)
	s.mux.HandleFunc("GET /_sim/requests", s.getRequests)
}

const maxControlBody = 1 << 20

func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	var raw json.RawMessage
	if !readControl(w, r, &raw) {
		return
	}
	faults := make([]Fault, 1)
	if err := json.Unmarshal(raw, &faults[0]); err != nil {
		if err := json.Unmarshal(raw, &faults); err != nil {
			refuseControl(w, err)
			return
		}
	}
	for i := range faults {
		if err := faults[i].check(); err != nil {
			refuseControl(w, err)
			return
		}
	}
	for _, f := range faults {
		s.faults.add(f)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) postLatency(w http.ResponseWriter, r *http.Request) {
	var l Latency
	if readControl(w, r, &l) {
		s.SetLatency(l)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) postKeys(w http.ResponseWriter, r *http.Request) {
	var k struct{ Refuse []string }
	if readControl(w, r, &k) {
		s.RefuseKeys(k.Refuse...)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) postReset(w http.ResponseWriter, _ *http.Request) {
	s.Reset()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) getCounters(w http.ResponseWriter, _ *http.Request) {
	writeControl(w, map[string]any{"counters": s.Counters()})
}

func (s *Server) getRequests(w http.ResponseWriter, r *http.Request) {
	since, err := strconv.ParseInt(r.FormValue("since"), 10, 64)
	if err != nil && r.FormValue("since") != "" {
		refuseControl(w, err)
		return
	}
	seen := s.Requests(since)
	if seen == nil {
		seen = []Seen{}
	}
	writeControl(w, map[string]any{"requests": seen})
}

func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControlBody)).Decode(into)
	if err != nil {
		refuseControl(w, err)
	}
	return err == nil
}

func refuseControl(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusBadRequest)
}

func writeControl(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(mustJSON(v)) // a test that is gone reads nothing
}
