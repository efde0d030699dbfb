package handlers

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callbackd"
)

// metrics counts callbacks. Labels are slugs and outcomes, never people.
type metrics struct {
	callbacks *prometheus.CounterVec
	seconds   prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		callbacks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "callbackd_callbacks_total",
			Help: "Callbacks by account and outcome."}, []string{"account", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "callbackd_callback_seconds",
			Help:    "Time from a callback's first byte to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}}),
	}
	if reg != nil {
		reg.MustRegister(m.callbacks, m.seconds)
	}
	return m
}

func (m *metrics) callback(account callbackd.Slug, outcome string, took time.Duration) {
	m.callbacks.WithLabelValues(string(account), outcome).Inc()
	m.seconds.Observe(took.Seconds())
}
