package llmsim

import (
	"net/http"
	"sync"
	"time"
)

// Config says how a Server behaves until a test says otherwise. The zero value
// answers at once, one token an event.
type Config struct {
	Latency Latency  // of every answer
	Models  []string // offered besides the built-in ones
	MaxBody int64    // bytes; default 32 MiB; above it 413
	LogSize int      // requests remembered; default 100,000
	Instant bool     // answer every request of a path and shape with the first one's bytes: for benchmarks
}

// Server is the simulator. All methods are safe for concurrent use.
type Server struct {
	cfg     Config
	mux     *http.ServeMux
	models  *modelList
	faults  *faultList
	books   *books
	scripts sync.Map // scriptKey -> *script: what instant answers replay
	mu      sync.Mutex
	latency Latency
	badKeys map[string]bool
}

// New builds a Server. It starts nothing and listens nowhere.
func New(cfg Config) *Server {
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 32 << 20
	}
	if cfg.LogSize <= 0 {
		cfg.LogSize = 100_000
	}
	s := &Server{
		cfg: cfg, mux: http.NewServeMux(), models: newModelList(cfg.Models),
		faults: &faultList{}, books: newBooks(cfg.LogSize), latency: cfg.Latency, badKeys: map[string]bool{},
	}
	s.routeOpenAI("", openaiDialect)
	s.routeOpenAI("/openai", groqDialect)
	s.routeAnthropic()
	s.routeGemini()
	s.routeControl()
	s.mux.HandleFunc("/", unrouted)
	return s
}

// Handler returns the providers' APIs and, below /_sim/, the control API.
func (s *Server) Handler() http.Handler { return s.mux }

// SetLatency changes the pace of answers from the next request on.
func (s *Server) SetLatency(l Latency) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = l
}

// RefuseKeys makes credentials unknown to the provider until Reset.
func (s *Server) RefuseKeys(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.badKeys[k] = true
	}
}

// Reset forgets faults, refused keys, latency changes, counters and the log.
// Requests under way keep the behaviour that they began with.
func (s *Server) Reset() {
	s.faults.reset()
	s.books.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency = s.cfg.Latency
	s.badKeys = map[string]bool{}
}

func (s *Server) refused(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.badKeys[key]
}

func (s *Server) pace() Latency {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latency
}

var started = time.Now()
