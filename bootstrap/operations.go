package bootstrap

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"github.com/sallyport-auth/sallyport/application"
)

// ReadinessCheck is one part without which the service is not ready. Modules
// join theirs to the value group "readiness".
type ReadinessCheck struct {
	Name  string
	Check func(ctx context.Context) error // at most two seconds
}

// The values of what /readyz says of a part.
const (
	partOK     = "ok"
	partFailed = "failed"
)

// operations is the listener for whoever runs the service: is it alive, is it
// ready, what does it count. It is not for clients.
type operations struct {
	storage application.Storage
	checks  []ReadinessCheck
	metrics http.Handler
	log     *zap.Logger

	serving atomic.Bool // from when the API accepts until shutdown begins

	mu   sync.Mutex
	told string // what the log has last heard
}

type operationsIn struct {
	fx.In

	Storage application.Storage
	Checks  []ReadinessCheck `group:"readiness"`
	Metrics http.Handler     `name:"metrics" optional:"true"`
	Log     *zap.Logger
}

func newOperations(in operationsIn) *operations {
	return &operations{storage: in.Storage, checks: in.Checks, metrics: in.Metrics, log: in.Log}
}

func (o *operations) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", o.readyz)
	if o.metrics != nil {
		mux.Handle("GET /metrics", o.metrics)
	}
	return mux
}

type readiness struct {
	Status string            `json:"status"` // ready or unready
	Parts  map[string]string `json:"parts"`
}

func (o *operations) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	answer, cause := o.ready(ctx)
	o.tell(answer, cause)
	status := http.StatusOK
	if answer.Status != "ready" {
		status = http.StatusServiceUnavailable
	}
	respond(w, status, answer)
}

// ready asks every part, and returns the first error for the log: it may name
// hosts, so the answer does not have it.
func (o *operations) ready(ctx context.Context) (readiness, error) {
	answer := readiness{Status: "ready", Parts: map[string]string{}}
	var cause error
	part := func(name string, err error, otherwise string) {
		answer.Parts[name] = partOK
		if err != nil {
			answer.Status, answer.Parts[name] = "unready", otherwise
			if cause == nil {
				cause = err
			}
		}
	}
	if !o.serving.Load() {
		answer.Status, answer.Parts["server"] = "unready", "starting or stopping"
		return answer, nil
	}
	answer.Parts["server"] = partOK
	part("storage", o.storage.Ping(ctx), "does not answer")
	if answer.Parts["storage"] == partOK {
		switch status, err := o.storage.Schema(ctx); {
		case err != nil:
			part("migrations", err, "can't be read")
		case !status.Compatible():
			answer.Status, answer.Parts["migrations"] = "unready", "too new for this release"
		case !status.Current():
			answer.Status, answer.Parts["migrations"] = "unready", "pending: run `sallyport migrate up`"
		default:
			answer.Parts["migrations"] = partOK
		}
	}
	for _, c := range o.checks {
		part(c.Name, c.Check(ctx), partFailed)
	}
	return answer, cause
}

// tell logs a change of readiness once, not with every probe.
func (o *operations) tell(answer readiness, cause error) {
	text, _ := json.Marshal(answer)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told == string(text) {
		return
	}
	first := o.told == ""
	o.told = string(text)
	switch {
	case answer.Status != "ready" && o.serving.Load():
		o.log.Warn("not ready", zap.Any("parts", answer.Parts), zap.Error(cause))
	case !first && answer.Status == "ready":
		o.log.Info("ready again")
	}
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the prober is gone: nobody to tell
}
