package resolver_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"callbackd/rehearsal"
)

// TestTable_Small is the table's traffic with fewer people: nobody is wrong, and
// everybody is found who can be.
func TestTable_Small(t *testing.T) {
	o := rehearsal.TrafficOptions{Senders: 60, PerSender: 4, PerSecond: 12, Silent: 40, EqualWords: 0.2}
	for _, w := range []way{wayOpenID, wayUserPage, wayMsgID, wayTime, wayAll} {
		t.Run(w.name, func(t *testing.T) {
			e := play(t, w, 7, o)
			for _, miss := range wanted(w, e.score()) {
				t.Error(miss)
			}
		})
	}
}

// wanted returns what a score misses.
func wanted(w way, c score) (missed []string) {
	want := func(ok bool, format string, args ...any) {
		if !ok {
			missed = append(missed, fmt.Sprintf(w.name+": "+format, args...))
		}
	}
	want(c.wrong == 0, "%d are taken for somebody else", c.wrong)
	want(c.mismatch == 0, "%d media are somebody else's", c.mismatch)
	want(c.twice == 0, "%d cards or pictures beyond one a person", c.twice)
	most := 0.5
	switch w.name {
	case wayUserPage.name:
		most = 1.2
		want(c.resolved == c.senders, "%d of %d resolved", c.resolved, c.senders)
	case wayOpenID.name:
		want(c.resolved == c.senders, "%d of %d resolved", c.resolved, c.senders)
	case wayMsgID.name:
		want(c.withIDResolved == c.withID, "%d of %d resolved that carry an id", c.withIDResolved, c.withID)
	case wayTime.name:
		want(c.decided > 0 && c.share(c.decidedResolved, c.decided) >= 95, "%d of %d resolved whom the evidence decides", c.decidedResolved, c.decided)
	case wayAll.name:
		want(c.resolved == c.senders, "%d of %d resolved", c.resolved, c.senders)
	}
	want(c.perPerson(c.identify) <= most, "%.2f pages a person to identify, at most %.1f", c.perPerson(c.identify), most)
	return missed
}

// BenchmarkTableResolver writes the resolver's tables into docs/performance.md,
// and fails where a wanted value is missed.
func BenchmarkTableResolver(b *testing.B) {
	for range b.N {
		var out strings.Builder
		fmt.Fprintf(&out, "Written by `make bench` on %s. One account, the clock is simulated: pace 200 ms between two requests, 80 ms for each; "+
			"pages −2…+10 s beside the push, listed 0–5 s after it.\n", time.Now().UTC().Format(time.DateOnly))
		for _, silent := range []int{0, 5500} {
			o := rehearsal.TrafficOptions{Silent: silent}
			fmt.Fprintf(&out, "\n### 500 senders among %d followers, 5 messages each\n\n", o.Crowd())
			table(b, &out, o)
		}
		if err := document("../docs/performance.md", "resolver", out.String()); err != nil {
			b.Fatal(err)
		}
		fmt.Print(out.String())
	}
}

// table plays a traffic in every way and writes a row for each.
func table(b *testing.B, out *strings.Builder, o rehearsal.TrafficOptions) {
	fmt.Fprint(out, "| way | resolved | wrong | pages to identify, a person | pages for the profile, a person | media matched | wrong | first push → name (median, 95 %) | → face (median, 95 %) |\n"+
		"|---|---|---|---|---|---|---|---|---|\n")
	var oracle, old string
	for _, w := range []way{wayUserPage, wayOpenID, wayMsgID, wayTime, wayAll} {
		e := play(b, w, 1, o)
		c := e.score()
		for _, miss := range wanted(w, c) {
			b.Error(miss)
		}
		fmt.Fprintf(out, "| `%s` | %.1f %% | %d | %.2f | %.2f | %d of %d | %d | %s, %s | %s, %s |\n", w.name, c.share(c.resolved, c.senders), c.wrong,
			c.perPerson(c.identify), c.perPerson(c.cards+c.pictures), c.matched, c.media, c.mismatch,
			seconds(at(c.toName, .5)), seconds(at(c.toName, .95)), seconds(at(c.toFace, .5)), seconds(at(c.toFace, .95)))
		switch w.name {
		case wayMsgID.name:
			oracle += fmt.Sprintf("%d senders wrote a message that carries an id; `msg-id` found %d of them. ", c.withID, c.withIDResolved)
		case wayTime.name:
			oracle += fmt.Sprintf("The evidence decides %d senders (oracle: all pushes against the whole page at once, afterwards); `create-time` found %d of them. ",
				c.decided, c.decidedResolved)
			old = fmt.Sprintf("| the patent's method 1: every unresolved user's page, for each message | 100.0 %% | 0 | %.2f | – | | | | |\n"+
				"| the patent's method 2: one message page, the nearest time wins | %.1f %% | %d | %.2f | 2.00 | | | | |\n",
				c.perPerson(e.old.pages1), c.share(len(e.old.taken), c.senders), e.old.wrong(), c.perPerson(e.old.pages2))
		}
	}
	fmt.Fprintf(out, "%s\n%s\n", old, strings.TrimSpace(oracle))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// document replaces what stands between a section's markers in a document; where
// there is no such section it is added at the end.
func document(path, section, body string) error {
	begin, end := fmt.Sprintf("<!-- %s: begin, written by make bench -->\n", section), fmt.Sprintf("<!-- %s: end -->\n", section)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = []byte("# Performance\n"), nil
	}
	if err != nil {
		return err
	}
	block := []byte(begin + body + end)
	from, to := bytes.Index(text, []byte(begin)), bytes.Index(text, []byte(end))
	if from < 0 || to < from {
		text = append(text, append([]byte("\n## Resolver: who is who\n\n"), block...)...)
	} else {
		text = append(append(append([]byte(nil), text[:from]...), block...), text[to+len(end):]...)
	}
	return os.WriteFile(path, text, 0o644)
}
