package crashtest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/internal/testkit"
	"callbackd/notify"
	"callbackd/notify/pushtest"
	"callbackd/rehearsal"
)

// Followers are told of messages by a server that is killed at each step of that:
// nothing is lost, and at most one send for each kill is made once more, with the
// same id. `make test` has each instant once, `make crash` as often as it takes to
// come to CALLBACKD_CRASH_RUNS kills.

func TestCrashNotices_SQLite(t *testing.T) {
	t.Parallel() // most of it is waiting
	newNoticesRun(t, func(h *house) database { return sqliteIn(h.dir) }).all()
}

func TestCrashNotices_PostgreSQL(t *testing.T) {
	t.Parallel()
	dsn := testkit.PostgresDurable(t)
	newNoticesRun(t, func(*house) database { return database{name: "PostgreSQL", dsn: dsn} }).all()
}

// ever is a wait of a chain that nobody sees the end of: that it is over says
// letPass, not the clock.
const ever = 20 * time.Minute

// noticesRun is one installation whose followers are told of messages.
type noticesRun struct {
	run
	platform   *rehearsal.Platform
	mentioned  *rehearsal.Account // whose followers are told of what mentions them
	receiving  *rehearsal.Account // whose followers are told of everything
	vendors    *pushtest.Server
	toPlatform *gate
	toBrowsers *gate // before the Web Push of vendors

	names   map[string]bool // that somebody has, by account
	people  int
	said    int
	authors map[*rehearsal.Account]*person
	holds   []hold

	receiver *person // of receiving
	noted    noticesResult
}

// noticesResult is what a run has shown, for docs/operations.md.
type noticesResult struct {
	notices     int
	made, extra sends
	resumed     int
	slowest     time.Duration // start of a server until all that was left to it had ended
}

func newNoticesRun(t *testing.T, where func(*house) database) *noticesRun {
	r := &noticesRun{run: run{t: t, kills: 1, ledger: newLedger()}, names: map[string]bool{}, authors: map[*rehearsal.Account]*person{}}
	kills := uint64(r.kills)
	r.fromEnvironment("CALLBACKD_CRASH_RUNS", &kills)
	r.kills = int(kills)

	r.platform = rehearsal.New(rehearsal.Options{Seed: time.Now().UnixNano()})
	r.toPlatform = newGate(t, r.platform.Handler())
	r.platform.SetBaseURL(r.toPlatform.url)
	r.vendors = pushtest.Start(t, pushtest.Options{})
	r.toBrowsers = newGate(t, r.vendors)
	credentials := filepath.Join(t.TempDir(), "fcm.json")
	if err := os.WriteFile(credentials, r.vendors.FCMCredentials(), 0o600); err != nil {
		t.Fatal(err)
	}
	platform := r.toPlatform.url
	r.house = newHouse(t, "--wechat-api-url", platform, "--wechat-mp-url", platform, "--wechat-open-url", platform,
		"--webpush-subject", "ops@wall.example", "--webpush-hosts", strings.TrimPrefix(r.toBrowsers.url, "http://"),
		"--fcm-url", r.vendors.URL, "--fcm-credentials-file", credentials, "--trusted-proxies", "127.0.0.0/8",
		"--notice-ack", ever.String(), "--notice-vendor-ack", ever.String())
	r.db = where(r.house)
	r.house.settings = append(r.house.settings, r.db.settings()...)
	for slug, a := range map[callbackd.Slug]**rehearsal.Account{"mentioned": &r.mentioned, "receiving": &r.receiving} {
		var err error
		if *a, err = r.platform.AddAccount(rehearsal.AccountConfig{Slug: slug, Mode: callbackd.ModeSafe,
			Settings: rehearsal.Settings{Moderation: callbackd.ModerationOpen}}); err != nil {
			t.Fatal(err)
		}
		r.house.call((*a).JSON(), "account", "add", string(slug), "--from", "-")
		(*a).SetCallbackURL("http://" + r.house.addr + "/callback/" + string(slug))
	}
	return r
}

func (r *noticesRun) all() {
	began := time.Now()
	r.begin()
	for {
		r.cycle()
		if r.result.kills >= r.kills {
			break
		}
		r.die() // nothing is left to do: nothing is sent after it
		r.begin()
	}
	if code := r.server.stop(); code != 0 {
		r.t.Fatalf("SIGTERM at the end: exit code %d\n%s", code, r.house.logTail())
	}
	db, closeIt := r.db.afterKill(r.t)
	defer closeIt()
	r.db.checkFile(r.t, db)
	r.checkInvariants()
	r.checkLog()
	r.checkProblems()
	r.reportNotices(time.Since(began))
}

// begin starts a server.
func (r *noticesRun) begin() {
	r.t.Helper()
	r.server = r.house.serve()
	r.server.awaitReady()
}

// die kills the server.
func (r *noticesRun) die() {
	r.t.Helper()
	if !r.server.kill() {
		r.t.Fatalf("the server had ended by itself before the kill\n%s", r.house.logTail())
	}
	r.result.kills++
}

// cycle kills at each instant once.
func (r *noticesRun) cycle() {
	first, second, third := r.betweenAckAndVendor(), r.onTheWay(), r.twice()
	all := slices.Concat(first, second, third)
	for _, m := range all {
		account := r.mentioned
		if m.plain {
			account = r.receiving
		}
		m.person = r.newPerson(m.name, account)
		m.has(m.person)
	}
	r.killAt(first)
	r.begin()
	r.lift()
	r.goOn(first)

	r.killAt(second)
	r.begin()
	r.lift()
	r.goOn(second)

	r.killAt(third)
	r.begin()
	for _, m := range third {
		m.between(m.person)
	}
	r.lift()
	r.dieIn(third)
	r.begin()
	r.goOn(third)
	for _, m := range all {
		if m.last != nil {
			m.last(m.person)
		}
		m.check()
	}
}

// killAt brings notices to their instants, kills the server and looks at what it
// left.
func (r *noticesRun) killAt(moments []*moment) {
	r.t.Helper()
	for _, m := range moments {
		r.t.Logf("%s: %s", r.db.name, m.name)
		m.reach(m.person)
	}
	r.dieIn(moments)
	db, closeIt := r.db.afterKill(r.t)
	defer closeIt()
	r.db.checkFile(r.t, db)
	for _, m := range moments {
		if keys := trailOf(r.t, db, m.person); !slices.Equal(keys, m.dead) {
			r.t.Errorf("killed when %s, but the trail is %v, not %v", m.name, keys, m.dead)
		}
	}
	r.checkProblems()
}

func (r *noticesRun) dieIn(moments []*moment) {
	r.t.Helper()
	r.die()
	for _, m := range moments {
		m.kills++
	}
}

// goOn lets everybody find the new server, and waits until every chain has ended.
func (r *noticesRun) goOn(moments []*moment) {
	r.t.Helper()
	for _, m := range moments {
		m.then(m.person)
	}
	db := r.db.live(r.t)
	defer db.Close()
	r.server.await("every notice to come to an end", func() (bool, string) {
		var open []string
		for _, m := range moments {
			if number(r.t, db, fmt.Sprintf(`SELECT COUNT(*) FROM deliveries WHERE sender_id = %d AND ended <> ''`, m.sender)) == 0 {
				open = append(open, fmt.Sprintf("%s %v", m.name, trailOf(r.t, db, m.person)))
			}
		}
		pause(r.t.Context(), lookPause)
		return len(open) == 0, strings.Join(open, "; ")
	})
	r.noted.slowest = max(r.noted.slowest, time.Since(r.server.began))
}

// check compares a notice that has ended with what may have become of it.
func (m *moment) check() {
	r, p := m.person.run, m.person
	t := r.t
	t.Helper()
	var inbox notify.Inbox
	p.call(http.MethodGet, "/api/v1/me/notices?limit=200", nil, http.StatusOK, &inbox)
	shown := feed(t, r.house.addr, p.account.Config.Slug)
	at := slices.IndexFunc(shown, func(f feedMessage) bool { return f.Text == p.words })
	if at < 0 {
		t.Fatalf("%s: the message was answered and is not on the wall", m.name)
	}
	if len(inbox.Notices) != 1 || string(inbox.Notices[0].Message) != shown[at].ID {
		t.Fatalf("%s: one message, and the inbox is %+v", m.name, inbox.Notices)
	}
	notice := inbox.Notices[0]
	var keys []notify.Key
	for _, line := range notice.Trail {
		keys = append(keys, line.Key)
	}
	got := p.sends()
	if want := m.table.plus(m.extra); got != want {
		t.Errorf("%s: sent %+v, not %+v: %v", m.name, got, want, keys)
	}
	if extra := got.sum() - m.table.sum(); extra > m.kills {
		t.Errorf("%s: %d sends more than the table's, by %d kills: %v", m.name, extra, m.kills, keys)
	}
	for _, nid := range slices.Concat(p.device.shown(), p.device.pushed(), p.inWeChat()) {
		if nid != notice.Notice {
			t.Errorf("%s: a send is about notice %q, the inbox has %q", m.name, nid, notice.Notice)
		}
	}
	if n := count(keys, notify.KeyResumed); n != m.resumed {
		t.Errorf("%s: the trail says %d times, not %d, that it was taken up: %v", m.name, n, m.resumed, keys)
	}
	if end := p.ended(); end != m.end || count(keys, m.end) != 1 {
		t.Errorf("%s: it ended with %q, not with %q: %v", m.name, end, m.end, keys)
	}
	r.noted.notices++
	r.noted.resumed += m.resumed
	r.noted.made, r.noted.extra = r.noted.made.plus(got), r.noted.extra.plus(m.extra)
}

// sends are what reached the person's devices, their vendors and WeChat.
func (p *person) sends() sends {
	return sends{channel: len(p.device.shown()), vendor: len(p.device.pushed()), weChat: len(p.inWeChat())}
}

// reportNotices says the result as a row of the table in docs/operations.md.
func (r *noticesRun) reportNotices(took time.Duration) {
	row := func(s sends) string { return fmt.Sprintf("%d + %d + %d", s.channel, s.vendor, s.weChat) }
	fmt.Printf("| %s | %s | %s | %d | %d | %s | %s | %d | %.1f s | %s |\n", time.Now().UTC().Format(time.DateOnly), r.db.name, machine(),
		r.result.kills, r.noted.notices, row(r.noted.made), row(r.noted.extra), r.noted.resumed, r.noted.slowest.Seconds(), took.Round(time.Second))
}
