package handlers_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callbackd"
	"callbackd/handlers"
	"callbackd/live"
	"callbackd/notify"
	"callbackd/notify/push"
	"callbackd/store"
	"callbackd/store/storetest"
	"callbackd/wechat"
)

// pushKey is what browsers subscribe with on the sites of these tests.
const pushKey = "BPublicKeyOfThisInstallation"

// apiSite is a site with the API, whose clock stands still, and one account.
type apiSite struct {
	*site
	clock    *storetest.Clock
	notices  *fakeNotices
	live     *recordedLive
	presence *notify.MemoryPresences
	acc      *callbackd.Account
	qr       func(scene string) (wechat.QR, error) // what the platform says

	mu      sync.Mutex // guards what follows
	answers strings.Builder
	secrets []string // must be in no answer but the one that gives them, and in no log
}

func newAPISite(t *testing.T, change func(*handlers.Config)) *apiSite {
	t.Helper()
	s := &apiSite{clock: storetest.NewClock(), live: &recordedLive{}}
	s.presence = notify.NewMemoryPresences(s.clock.Now)
	s.qr = func(scene string) (wechat.QR, error) { return wechat.QR{URL: "http://weixin.example/q/" + scene}, nil }
	hosts, err := push.ParseHosts([]string{"push.example"})
	if err != nil {
		t.Fatal(err)
	}
	s.site = newSiteWith(t, s.clock.Now, func(c *handlers.Config) {
		s.notices = &fakeNotices{db: c.DB, owners: map[callbackd.NoticeID]callbackd.SenderID{}}
		s.live.Hub = c.Live.(*live.Hub)
		c.Live, c.Notices, c.PushHosts, c.PushKey = s.live, s.notices, hosts, pushKey
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		c.Presence = s.presence
		c.CreateQR = func(_ context.Context, _ *callbackd.Account, scene string, _ time.Duration) (wechat.QR, error) {
			return s.qr(scene)
		}
		if change != nil {
			change(c)
		}
	})
	s.acc = s.addAccount("spring", callbackd.ModerationOpen)
	t.Cleanup(func() {
		absent(t, "an answer", s.answers.String(), s.secrets...)
		absent(t, "the log", s.logs.String(), s.secrets...)
	})
	return s
}

func (s *apiSite) addAccount(slug callbackd.Slug, m callbackd.Moderation) *callbackd.Account {
	s.Helper()
	a := &callbackd.Account{Slug: slug, Name: "春晚 " + string(slug), OriginalID: "gh_0123456789ab", AppID: "wx0123456789abcdef", AppSecret: "app secret",
		Token: "token", Mode: callbackd.ModePlain, Moderation: m}
	s.must(s.db.InsertAccount(context.Background(), a, "test"))
	return a
}

// follower makes somebody who follows an account, has said a word on its wall,
// and has a name that the operator pages know.
func (s *apiSite) follower(a *callbackd.Account, name string) callbackd.Sender {
	s.Helper()
	ctx := context.Background()
	open := callbackd.OpenID("oSynthetic-" + callbackd.NewPublicID())
	s.secret(string(open))
	out, err := s.db.Accept(ctx, &store.Callback{Account: a, Key: string(open), ReceivedAt: s.clock.Now(), CreateTime: s.clock.Now(), Outcome: store.OutcomeAccepted,
		MsgType: "text", From: open, Message: &callbackd.Message{Kind: callbackd.KindText, Text: "大家好", SentAt: s.clock.Now()}})
	s.must(err)
	if name != "" {
		s.must(s.db.SetPerson(ctx, a.ID, store.Resolution{FakeID: callbackd.FakeID("8447" + string(open)), OpenID: open, Profile: callbackd.Profile{Nickname: name}, ReadAt: s.clock.Now()}))
	}
	for _, row := range s.rows(a) {
		if row.Message.PublicID == out.Public {
			s.must(s.db.SetNames(ctx, a.ID, []store.Names{{NameDue: store.NameDue{Sender: row.Sender.ID, Own: name}, Keys: []string{notify.FoldName(name)}}}))
			return row.Sender
		}
	}
	s.Fatal("the follower's message is not there")
	return callbackd.Sender{}
}

// viewer is a browser or app with its token.
type viewer struct {
	callbackd.Viewer
	token string
	slug  callbackd.Slug
}

func (v viewer) bearer() string { return "Authorization: Bearer " + v.token }
func (v viewer) cookie() string { return "Cookie: viewer-" + string(v.slug) + "=" + v.token }

// viewer makes a viewer of an account, bound to a follower unless that is zero.
func (s *apiSite) viewer(a *callbackd.Account, to callbackd.Sender) viewer {
	s.Helper()
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	digest := sha256.Sum256(raw)
	v, err := s.db.InsertViewer(context.Background(), a.ID, digest[:])
	s.must(err)
	out := viewer{v, base64.RawURLEncoding.EncodeToString(raw), a.Slug}
	s.secret(out.token)
	if to.ID != 0 {
		s.exec("UPDATE viewers SET sender_id = ?, bound_at = 1 WHERE id = ?", to.ID, v.ID)
		out.Sender = to.ID
	}
	return out
}

// exec changes the database behind the server's back.
func (s *apiSite) exec(query string, args ...any) {
	s.Helper()
	raw, err := s.openRaw()
	s.must(err)
	defer raw.Close()
	_, err = raw.Exec(query, args...)
	s.must(err)
}

func (s *apiSite) openRaw() (*sql.DB, error) {
	return sql.Open("sqlite3", "file:"+s.path+"?_busy_timeout=10000&_foreign_keys=on")
}

func (s *apiSite) secret(words ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, words...)
}

// reply is an answer of the API.
type reply struct {
	status int
	head   http.Header
	body   string
}

// field returns a string of the answer's object.
func (r reply) field(name string) string {
	var object map[string]any
	_ = json.Unmarshal([]byte(r.body), &object)
	text, _ := object[name].(string)
	return text
}

// call asks the API; headers are written "Name: value".
func (s *apiSite) call(method, path, body string, headers ...string) reply {
	s.Helper()
	req, err := http.NewRequest(method, s.http.URL+path, strings.NewReader(body))
	s.must(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	s.must(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	s.must(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if path != "/api/v1/viewers" { // which gives a token
		s.answers.Write(raw)
		fmt.Fprintln(&s.answers, resp.Header)
	}
	return reply{resp.StatusCode, resp.Header, string(raw)}
}

// want calls and fails where the status is another one.
func (s *apiSite) want(status int, method, path, body string, headers ...string) reply {
	s.Helper()
	r := s.call(method, path, body, headers...)
	if r.status != status {
		s.Fatalf("%s %s: %d %s, want %d", method, path, r.status, r.body, status)
	}
	if status >= 400 && (r.field("error") == "" || strings.ContainsAny(r.field("error"), "\r\n")) {
		s.Fatalf("%s %s: %d with %q, want one line that says what to do", method, path, r.status, r.body)
	}
	return r
}

// recordedLive is a hub that notes what is dropped.
type recordedLive struct {
	*live.Hub

	mu      sync.Mutex // guards what follows
	viewers []callbackd.ViewerID
	devices []callbackd.PublicID
}

func (l *recordedLive) DropViewer(v callbackd.ViewerID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.viewers = append(l.viewers, v)
}

func (l *recordedLive) DropDevice(d callbackd.PublicID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.devices = append(l.devices, d)
}

// dropped returns what was dropped since it was last asked.
func (l *recordedLive) dropped() (viewers []callbackd.ViewerID, devices []callbackd.PublicID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	viewers, devices = l.viewers, l.devices
	l.viewers, l.devices = nil, nil
	return viewers, devices
}

// fakeNotices knows whose each notice is, and nothing else.
type fakeNotices struct {
	db *store.DB

	mu      sync.Mutex // guards what follows
	owners  map[callbackd.NoticeID]callbackd.SenderID
	told    []string
	changed []callbackd.SenderID
	asked   string
}

func (n *fakeNotices) notice(of callbackd.SenderID) callbackd.NoticeID {
	n.mu.Lock()
	defer n.mu.Unlock()
	nid := callbackd.NewNoticeID()
	n.owners[nid] = of
	return nid
}

func (n *fakeNotices) tell(v callbackd.Viewer, nid callbackd.NoticeID, what string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.owners[nid] != v.Sender {
		return callbackd.ErrNotFound
	}
	n.told = append(n.told, what)
	return nil
}

func (n *fakeNotices) Acknowledge(_ context.Context, v callbackd.Viewer, nid callbackd.NoticeID, how callbackd.How) error {
	return n.tell(v, nid, "ack "+string(how))
}

func (n *fakeNotices) Read(_ context.Context, v callbackd.Viewer, nid callbackd.NoticeID) error {
	return n.tell(v, nid, "read")
}

func (n *fakeNotices) owned(ctx context.Context, v callbackd.Viewer, id callbackd.PublicID) error {
	d, err := n.db.GetDevice(ctx, id)
	if err == nil && d.Sender != v.Sender {
		err = callbackd.ErrNotFound
	}
	return err
}

func (n *fakeNotices) Report(ctx context.Context, v callbackd.Viewer, id callbackd.PublicID, st callbackd.DeviceState) error {
	if err := n.owned(ctx, v, id); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, fmt.Sprintf("state %+v", st))
	return nil
}

func (n *fakeNotices) Test(ctx context.Context, v callbackd.Viewer, id callbackd.PublicID) (callbackd.NoticeID, error) {
	if err := n.owned(ctx, v, id); err != nil {
		return "", err
	}
	return n.notice(v.Sender), nil
}

func (n *fakeNotices) Inbox(_ context.Context, v callbackd.Viewer, before callbackd.NoticeID, limit int) (notify.Inbox, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if before != "" && n.owners[before] != v.Sender {
		return notify.Inbox{}, callbackd.Public(callbackd.ErrInvalid, "before is the nid of one of your notices", callbackd.ErrNotFound)
	}
	n.asked = fmt.Sprintf("before %q limit %d", before, limit)
	in := notify.Inbox{Notices: []notify.InboxNotice{}}
	for nid, owner := range n.owners {
		if owner == v.Sender {
			in.Unread++
			in.Notices = append(in.Notices, notify.InboxNotice{Notice: nid, Seq: 7, Account: "spring", Level: callbackd.LevelName, Title: "山间的灯塔",
				URL: "/wall/spring", Reason: callbackd.ReasonMention, Why: notify.Wording{Key: notify.KeyMentioned, ZH: "有人提到了你", EN: "somebody mentioned you"},
				At: "2026-01-02T03:04:05Z", Message: "0r3t5v7x9z1c3e5g7j9m", Trail: []notify.TrailEntry{{At: "2026-01-02T03:04:05Z",
					Wording: notify.Wording{Key: notify.KeyAccepted, ZH: "推送服务已接收", EN: "the push service took it"}, Device: "Chrome · Windows",
					Transport: callbackd.TransportVendor, How: callbackd.HowPrompt, VendorStatus: 201}}})
		}
	}
	return in, nil
}

func (n *fakeNotices) Changed(_ context.Context, follower callbackd.SenderID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.changed = append(n.changed, follower)
}

// since returns whose things changed since it was last asked, each once.
func (n *fakeNotices) since() []callbackd.SenderID {
	n.mu.Lock()
	defer n.mu.Unlock()
	changed := slices.Compact(slices.Sorted(slices.Values(n.changed)))
	n.changed = nil
	return changed
}
