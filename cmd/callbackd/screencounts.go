package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callbackd/live"
	"callbackd/store"
	"callbackd/wall"
)

// screenCounts counts the open pages of each wall by how they stand to its stage:
// current, or behind.
type screenCounts struct {
	db  *store.DB
	hub *live.Hub
}

var descScreens = prometheus.NewDesc("callbackd_screens", "Open pages by account and whether they have painted the wall's stage.", []string{"account", "state"}, nil)

// Describe implements prometheus.Collector.
func (c *screenCounts) Describe(ch chan<- *prometheus.Desc) { ch <- descScreens }

// Collect implements prometheus.Collector.
func (c *screenCounts) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	walls, err := c.db.ListWalls(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descScreens, err)
		return
	}
	for _, w := range walls {
		s := wall.Painted(c.hub.Screens(w.Slug), w.Control)
		ch <- prometheus.MustNewConstMetric(descScreens, prometheus.GaugeValue, float64(s.Painted), string(w.Slug), "current")
		ch <- prometheus.MustNewConstMetric(descScreens, prometheus.GaugeValue, float64(s.All-s.Painted), string(w.Slug), "behind")
	}
}
