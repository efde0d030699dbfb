package notify

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what became of sends, by path (channel, webpush, apns, fcm,
// wechat) and outcome; acknowledgements (path ack) by how a device shows it; and
// ends of chains (path end) by their key. Labels are never people.
type metrics struct{ notices *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{notices: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "callbackd_notices_total",
		Help: "Sends of notices by path and outcome."}, []string{"path", "outcome"})}
	if reg != nil {
		reg.MustRegister(m.notices)
	}
	return m
}

func (m *metrics) count(path, outcome string) { m.notices.WithLabelValues(path, outcome).Inc() }
