package web

import (
	"math"
	"strconv"
	"strings"
)

// Charts are drawn in a box of this size, which the page stretches.
const (
	chartWidth  = 600
	chartHeight = 100
	chartTop    = 4 // left free above the highest value, so that a stroke is not cut
)

// BarsPath is the d attribute of bars of values from the left to the right; most is
// the value that fills the chart.
func BarsPath(values []float64, most float64) string {
	var b strings.Builder
	step := float64(chartWidth) / float64(max(1, len(values)))
	for i, v := range values {
		if !(v > 0) || most <= 0 {
			continue
		}
		x := float64(i) * step
		b.WriteString("M" + number(x+step/8) + " 100V" + number(chartY(v, most)) + "H" + number(x+step*7/8) + "V100Z")
	}
	return b.String()
}

// LinePath is the d attribute of a line through values; NaN leaves a gap.
func LinePath(values []float64, most float64) string {
	var b strings.Builder
	step := float64(chartWidth) / float64(max(1, len(values)))
	drawn := false
	for i, v := range values {
		if math.IsNaN(v) || most <= 0 {
			drawn = false
			continue
		}
		x, y := number((float64(i)+.5)*step), number(chartY(v, most))
		if drawn {
			b.WriteString("L" + x + " " + y)
		} else {
			b.WriteString("M" + x + " " + y + "h.1") // seen alone, too
		}
		drawn = true
	}
	return b.String()
}

// ShareOf is the d attribute of a part of a flat bar, from one share to another, in
// per cent.
func ShareOf(from, to float64) string {
	if to <= from {
		return ""
	}
	return "M" + number(from*chartWidth/100) + " 0H" + number(to*chartWidth/100) + "V100H" + number(from*chartWidth/100) + "Z"
}

func chartY(v, most float64) float64 {
	return chartHeight - min(1, v/most)*(chartHeight-chartTop)
}

func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
