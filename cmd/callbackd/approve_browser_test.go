//go:build e2e

package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
)

// deskBrowser is a moderator with cookies and the token of the forms.
type deskBrowser struct {
	*served
	client *http.Client
	csrf   string
}

// logsIn makes a moderator of an account and logs in.
func (h *hall) logsIn(name string) *deskBrowser {
	h.Helper()
	hash, err := handlers.HashPassword(h.Context(), "a password of "+name)
	h.must(err)
	_, err = h.db.InsertOperator(h.Context(), name, hash, callbackd.Grant{Account: h.acc.ID, Role: callbackd.RoleModerator}, "test")
	h.must(err)
	jar, err := cookiejar.New(nil)
	h.must(err)
	d := &deskBrowser{served: h.served, client: &http.Client{Jar: jar}}
	d.csrf = d.token("/desk/login")
	resp, err := d.client.PostForm(h.url+"/desk/login", url.Values{"csrf": {d.csrf}, "name": {name}, "password": {"a password of " + name}})
	h.must(err)
	resp.Body.Close()
	d.csrf = d.token("/desk/spring/queue")
	return d
}

func (d *deskBrowser) token(path string) string {
	d.Helper()
	resp, err := d.client.Get(d.url + path)
	d.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	d.must(err)
	m := regexp.MustCompile(`<meta name="csrf" content="([^"]+)">`).FindSubmatch(b)
	if m == nil {
		d.Fatalf("%s: %d, no form", path, resp.StatusCode)
	}
	return string(m[1])
}

// approve sends a tap as the queue's page does; it returns when the tap began.
func (d *deskBrowser) approve(id callbackd.PublicID) time.Time {
	d.Helper()
	form := url.Values{"do": {"approve"}, "m": {string(id) + ".0..."}}
	r, err := http.NewRequest(http.MethodPost, d.url+"/desk/spring/queue/decide", strings.NewReader(form.Encode()))
	d.must(err)
	for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", "X-CSRF": d.csrf} {
		r.Header.Set(name, value)
	}
	begin := time.Now()
	resp, err := d.client.Do(r)
	d.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		d.Fatalf("approve: %d", resp.StatusCode)
	}
	return begin
}

// noteWhenPainted has a wall's page write down when each row was on its screen: in
// the frame after the one that it came in.
const noteWhenPainted = `(() => {
	window.painted = {};
	const note = (row) => requestAnimationFrame(() => requestAnimationFrame(() => {
		window.painted[row.dataset.id] ??= performance.timeOrigin + performance.now();
	}));
	new MutationObserver((changes) => {
		for (const change of changes) for (const node of change.addedNodes) if (node.dataset?.id) note(node);
	}).observe(document.getElementById('rows'), { childList: true, subtree: true });
	return 'ready';
})()`

// approvals measures from a moderator's tap until a browser has painted the words.
func approvals(t *testing.T, pages, rounds int) (took []time.Duration) {
	s := newShell(t)
	s.add("spring", map[string]any{"moderation": "hold"})
	i, a := s.installation(), s.account("spring")
	h := newHall(t, s, pages)
	screen := h.tab(1920, 1080, "/wall/spring")
	screen.until("the page is live", `document.getElementById('state').dataset.state === 'live'`)
	screen.eval(noteWhenPainted)
	d := h.logsIn("ling")
	for n := range rounds {
		id := i.say(t, a, callbackd.OpenID(fmt.Sprint("o", n%20)), fmt.Sprint("第", n, "句"))
		begin := d.approve(id)
		screen.until("the words are on the screen", fmt.Sprintf("window.painted[%q]", string(id)))
		at, err := strconv.ParseFloat(screen.eval(fmt.Sprintf("window.painted[%q]", string(id))), 64)
		h.must(err)
		took = append(took, time.UnixMicro(int64(at*1000)).Sub(begin))
	}
	return took
}

// TestApprove_IsOnTheScreen: what a moderator approves is painted by an open page.
func TestApprove_IsOnTheScreen(t *testing.T) {
	if took := approvals(t, 4, 3); len(took) != 3 {
		t.Errorf("%v", took)
	}
}

// BenchmarkTableApprove writes how long an approval takes until it is on the screen
// into docs/performance.md.
func BenchmarkTableApprove(b *testing.B) {
	const pages, rounds, wanted = 50, 200, 300 * time.Millisecond
	busy := loadAverage()
	var took []time.Duration
	testing.Init() // the helpers are a test's; the testing package runs one here
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "approve", F: func(t *testing.T) { took = approvals(t, pages, rounds) }}})
	if !ok {
		b.Fatal("it was not measured")
	}
	p50, p99 := quantile(took, 0.5), quantile(took, 0.99)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(p50.Milliseconds()), "p50-ms")
	b.ReportMetric(float64(p99.Milliseconds()), "p99-ms")
	verdict := "Reached."
	if p99 > wanted {
		verdict = "Missed."
	}
	text := fmt.Sprintf("Written by `make bench` on %s.\n\n| from → to | p50 | p99 |\n|---|---:|---:|\n| a moderator's tap → painted by a browser | %d ms | %d ms |\n\n"+
		"%d approvals over HTTP, one after the other, with %d open pages, four of them browsers (one is measured); SQLite with every decision on disk. "+
		"Painted: two animation frames after the row came. %s, %d processors for server, pages and browsers together, other work on them before: load %s. "+
		"Wanted: p99 at most %d ms. %s\n", time.Now().UTC().Format(time.DateOnly), p50.Milliseconds(), p99.Milliseconds(), rounds, pages+1,
		runtime.Version(), runtime.NumCPU(), busy, wanted.Milliseconds(), verdict)
	fmt.Print(text)
	if err := writeTable("approve", "Moderation: from the tap to the screen", text); err != nil {
		b.Fatal(err)
	}
}

// loadAverage is the machine's load average over the last minute.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	average, _, _ := strings.Cut(string(b), " ")
	return average
}

// writeTable replaces what stands between a section's markers in
// docs/performance.md; where there is no such section it is added at the end.
func writeTable(section, title, body string) error {
	const path = "../../docs/performance.md"
	begin, end := "<!-- "+section+": begin, written by make bench -->\n", "<!-- "+section+": end -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		before, after = string(text)+"\n## "+title+"\n\n", ""
	}
	return os.WriteFile(path, []byte(before+begin+body+end+after), 0o644)
}
