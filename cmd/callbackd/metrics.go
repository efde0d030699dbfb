package main

import (
	"context"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"callbackd"
	"callbackd/store"
)

// metrics is the registry with what is counted at the time of asking.
type metrics struct {
	*prometheus.Registry
	mpweb *prometheus.CounterVec
}

func newMetrics(db *store.DB) *metrics {
	m := &metrics{Registry: prometheus.NewRegistry(), mpweb: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "callbackd_mpweb_requests_total", Help: "Requests to the operator pages by account, page and outcome."},
		[]string{"account", "page", "outcome"})}
	m.MustRegister(m.mpweb, &counts{db: db}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) gauge(name, help string, value func() float64) {
	m.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// mpwebRequest counts a request to the operator pages.
func (m *metrics) mpwebRequest(account callbackd.Slug, page, outcome string) {
	m.mpweb.WithLabelValues(string(account), page, outcome).Inc()
}

// counts asks the database when metrics are read.
type counts struct{ db *store.DB }

var (
	descSenders = prometheus.NewDesc("callbackd_senders", "Senders by account and state.", []string{"account", "state"}, nil)
	descMedia   = prometheus.NewDesc("callbackd_media_total", "Media files by account, kind and outcome.", []string{"account", "kind", "outcome"}, nil)
	descJobs    = prometheus.NewDesc("callbackd_jobs", "Jobs by kind and state.", []string{"kind", "state"}, nil)
	descOldest  = prometheus.NewDesc("callbackd_job_oldest_seconds", "How long the unfinished job that has waited longest is due.", []string{"kind"}, nil)
)

// Describe implements prometheus.Collector.
func (c *counts) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSenders, descMedia, descJobs, descOldest} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *counts) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	slugs := map[callbackd.AccountID]string{}
	walls, err := c.db.ListWalls(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descSenders, err)
		return
	}
	for _, w := range walls {
		slugs[w.Account] = string(w.Slug)
	}
	slug := func(id callbackd.AccountID) string {
		if s, ok := slugs[id]; ok {
			return s
		}
		return "account-" + strconv.FormatInt(int64(id), 10) // added or removed between two reads
	}
	senders, err := c.db.CountSenders(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descSenders, err)
	}
	for _, s := range senders {
		ch <- prometheus.MustNewConstMetric(descSenders, prometheus.GaugeValue, float64(s.Resolved), slug(s.Account), "resolved")
		ch <- prometheus.MustNewConstMetric(descSenders, prometheus.GaugeValue, float64(s.All-s.Resolved), slug(s.Account), "unresolved")
	}
	media, err := c.db.CountMedia(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descMedia, err)
	}
	for _, m := range media {
		if m.State == callbackd.MediaPending {
			continue // no outcome yet
		}
		ch <- prometheus.MustNewConstMetric(descMedia, prometheus.CounterValue, float64(m.N), slug(m.Account), string(m.Kind), string(m.State))
	}
	c.collectJobs(ctx, ch)
}

func (c *counts) collectJobs(ctx context.Context, ch chan<- prometheus.Metric) {
	jobs, err := c.db.CountJobs(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descJobs, err)
		return
	}
	for _, j := range jobs {
		ch <- prometheus.MustNewConstMetric(descJobs, prometheus.GaugeValue, float64(j.N), string(j.Kind), string(j.State))
	}
	for kind, due := range store.OldestJobs(jobs) {
		age := max(0, c.db.Now().Sub(time.UnixMilli(due)).Seconds())
		ch <- prometheus.MustNewConstMetric(descOldest, prometheus.GaugeValue, age, string(kind))
	}
}

// adminHandler serves metrics and profiling, on an address of its own.
func adminHandler(reg *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
