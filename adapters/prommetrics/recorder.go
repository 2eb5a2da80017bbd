package prommetrics

import (
	"context"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

// Config is what the metrics say of the binary.
type Config struct{ Version, Commit, Go string }

var _ application.Recorder = (*Recorder)(nil)

// Recorder counts events. It is safe for concurrent use.
type Recorder struct{ events *prometheus.CounterVec }

// NewRegistry returns a registry of its own, never the global one, with the
// runtime's, the process's and the build's metrics.
func NewRegistry(cfg Config) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sallyport_build_info", Help: "Always 1; the labels say what the binary was built from.",
		ConstLabels: prometheus.Labels{"version": cfg.Version, "commit": cfg.Commit, "goversion": cfg.Go},
	})
	info.Set(1)
	registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// New returns a Recorder that counts in registry.
func New(registry *prometheus.Registry) *Recorder {
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sallyport_auth_events_total", Help: "Auth events by type and outcome.",
	}, []string{"event", "outcome"})
	registry.MustRegister(events)
	return &Recorder{events}
}

// Record counts the event as often as it happened.
func (r *Recorder) Record(_ context.Context, e domain.Event) {
	r.events.WithLabelValues(string(e.Type), string(e.Outcome)).Add(float64(max(e.Count, 1)))
}

// Handler serves what registry has gathered, in Prometheus' text format.
func Handler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
