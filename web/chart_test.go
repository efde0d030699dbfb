package web

import (
	"math"
	"testing"
)

func TestCharts(t *testing.T) {
	for what, c := range map[string]struct{ got, want string }{
		"bars":           {BarsPath([]float64{0, 2, 4}, 4), "M225 100V52H375V100ZM425 100V4H575V100Z"},
		"no bars":        {BarsPath([]float64{0, 0}, 0), ""},
		"line":           {LinePath([]float64{0, 4}, 4), "M150 100h.1L450 4"},
		"line with gap":  {LinePath([]float64{1, math.NaN(), 9}, 4), "M100 76h.1M500 4h.1"},
		"line of nobody": {LinePath([]float64{0, 0}, 0), ""},
		"share":          {ShareOf(25, 50), "M150 0H300V100H150Z"},
		"no share":       {ShareOf(50, 50), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", what, c.got, c.want)
		}
	}
}
