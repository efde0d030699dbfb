// Package axe checks pages in a browser by axe-core: rules of WCAG 2.2, levels A
// and AA. The script is the npm package axe-core 4.14.1 (MPL-2.0), as it came.
package axe

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

//go:embed axe-4.14.1.min.js
var script string

// Violation is a rule that a page breaks, with where.
type Violation struct {
	Rule  string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"` // selectors and what is wrong there
}

func (v Violation) String() string {
	return v.Rule + " (" + v.Help + "): " + strings.Join(v.Nodes, "; ")
}

const run = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then((r) =>
	r.violations.map((v) => ({id: v.id, help: v.help, nodes: v.nodes.map((n) => n.target.join(' ') + ' — ' + n.failureSummary.replaceAll('\n', ' '))})))`

// Check returns what the page in a tab breaks.
func Check(ctx context.Context) ([]Violation, error) {
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script+"; true")); err != nil {
		return nil, fmt.Errorf("load axe-core: %w", err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]Violation](run, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, fmt.Errorf("run axe-core: %w", err)
	}
	return found, nil
}
