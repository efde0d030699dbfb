package doctor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"callbackd"
	"callbackd/doctor"
	"callbackd/internal/disk"
	"callbackd/rehearsal"
	"callbackd/store"
	"callbackd/wechat"
)

// failing is an installation or an account of which something is wrong or less
// than it could be, and what a check must say of it: words of its sentence and
// of its fix.
type failing struct {
	name   string
	check  string
	level  doctor.Level
	words  []string
	cfg    rehearsal.AccountConfig
	change func(*callbackd.Account)
	spoil  func(*ward, *rehearsal.Account, *callbackd.Account)
}

// TestChecks_EachHasARowInWhichItFails: a check that nobody has seen failing
// may be one that cannot fail.
func TestChecks_EachHasARowInWhichItFails(t *testing.T) {
	fails := map[string]bool{}
	rows := append(installationRows(), append(linkRows(), append(apiRows(), accountRows()...)...)...)
	for _, r := range rows {
		if r.level == doctor.Fail {
			fails[r.check] = true
		}
	}
	for _, f := range doctor.Plan([]*callbackd.Account{{Slug: "gala"}}) {
		if !fails[f.ID] {
			t.Errorf("no row shows %s failing", f.ID)
		}
	}
	for _, r := range rows {
		t.Run(r.check+"/"+r.name, func(t *testing.T) { r.run(t) })
	}
}

func (r failing) run(t *testing.T) {
	w := newWard(t)
	sim, a := w.account(r.cfg, r.change)
	if r.spoil != nil {
		r.spoil(w, sim, a)
	}
	found, well := w.findings(a)
	f, ok := found[r.check]
	if !ok {
		f, ok = found["gala/"+r.check]
	}
	if !ok {
		t.Fatal("there is no such check")
	}
	w.want(f, r.level, r.words...)
	if well && r.level == doctor.Fail {
		t.Error("all is well")
	}
	for _, f := range found {
		for _, secret := range []callbackd.Secret{a.Token, a.AESKey, a.AppSecret} {
			if s := secret.Reveal(); s != "" && strings.Contains(f.Says.String()+f.Fix.String(), s) {
				t.Errorf("%s tells a secret", f.Name())
			}
		}
	}
	if len(sim.Sent())+len(sim.SentTemplates())+len(sim.Tickets()) > 0 {
		t.Error("a probe did something")
	}
}

func installationRows() []failing {
	row := func(check, name string, spoil func(*ward), words ...string) failing {
		return failing{name: name, check: check, level: doctor.Fail, words: words,
			spoil: func(w *ward, _ *rehearsal.Account, _ *callbackd.Account) { spoil(w) }}
	}
	url := func(address string) func(*ward) { return func(w *ward) { w.PublicURL = w.at(address) } }
	public := func(status int, body string) func(*ward) { return func(w *ward) { w.public = answer(status, body) } }
	http := row("tls", "plain http", url("http://wall.example"), "没有 https", "set --public-url to https")
	http.level = doctor.Off
	unknown := row("disk", "not told", func(w *ward) {
		w.Disk = func(string) (disk.Usage, error) { return disk.Usage{}, errors.ErrUnsupported }
	}, "not known", "df -h")
	unknown.level = doctor.Off
	return []failing{
		row("data-dir", "others may read", func(w *ward) { w.must(os.Chmod(w.DataDir, 0o755)) }, "他人可读", "mode 755", "chmod 700 "),
		row("data-dir", "no folder", func(w *ward) { w.DataDir = filepath.Join(w.DataDir, "nowhere") }, "cannot be written", "--data-dir"),
		row("database", "away", func(w *ward) { w.must(w.DB.Close()) }, "数据库没有回应", "--database"),
		row("blobs", "no place", func(w *ward) {
			w.must(os.RemoveAll(filepath.Join(w.DataDir, "blobs")))
			w.must(os.WriteFile(filepath.Join(w.DataDir, "blobs"), nil, 0o600))
		}, "cannot be stored", "--blobs"),
		row("ffmpeg", "none", func(w *ward) { w.Setenv("PATH", w.TempDir()) }, "no ffmpeg", "apt-get install ffmpeg"),
		row("ffmpeg", "broken ffprobe", func(w *ward) {
			w.must(os.WriteFile(filepath.Join(os.Getenv("PATH"), "ffprobe"), []byte("#!/bin/sh\nexit 1\n"), 0o700))
		}, "no ffprobe"),
		row("disk", "nearly full", func(w *ward) {
			w.Disk = func(string) (disk.Usage, error) { return disk.Usage{Free: 9e9, Total: 100e9}, nil }
		}, "9.0 GB (9%) left", "larger disk"),
		unknown,
		row("public-url", "another port", url("http://wall.example:8080"), "80 and 443", "http://wall.example:8080", "--public-url"),
		row("public-url", "this machine", url("http://localhost"), "cannot reach", "--public-url"),
		row("public-url", "this network", url("https://192.168.1.5"), "cannot reach"),
		row("public-url", "loopback", url("http://[::1]/"), "cannot reach"),
		row("public-url", "nobody answers", func(w *ward) { w.HTTP.Transport = toServer{"127.0.0.1:1"} }, "does not answer", "DNS", "wall.example"),
		row("public-url", "somebody else", public(200, "<h1>It works!</h1>"), "something else", "correct the proxy"),
		row("public-url", "an error page", public(502, "bad gateway"), "502"),
		row("public-url", "a redirect", public(301, ""), "301"),
		row("redirect", "to another host", public(301, ""), "redirects (301) to https://elsewhere.example/", "set --public-url to where it leads"),
		http,
		row("tls", "ends soon", func(w *ward) { w.certificate("wall.example", 5*24*time.Hour) }, "证书", "就到期", "renew the certificate of wall.example"),
		row("tls", "expired", func(w *ward) { w.certificate("wall.example", -time.Hour) }, "has expired", "renew"),
		row("tls", "of another name", func(w *ward) { w.certificate("other.example", 90*24*time.Hour) }, "not for wall.example", "get a certificate"),
		row("tls", "chain cut", func(w *ward) { w.certificate("wall.example", 90*24*time.Hour); w.Roots = x509Pool() }, "incomplete", "fullchain"),
		row("tls", "nobody answers", func(w *ward) { w.Dial = dialing("127.0.0.1:1") }, "no https connection", "port 443"),
	}
}

// linkRows are about what the callback handler saw.
func linkRows() []failing {
	at := time.Now().Add(-time.Hour)
	row := func(check, name string, level doctor.Level, c callbackd.Connection, change func(*callbackd.Account), words ...string) failing {
		return failing{name: name, check: check, level: level, words: words, change: change,
			spoil: func(w *ward, _ *rehearsal.Account, a *callbackd.Account) {
				w.must(w.DB.MergeConnection(context.Background(), a.ID, c))
			}}
	}
	seen := func(outcome string, mode callbackd.Mode) callbackd.Connection {
		return callbackd.Connection{Platform: &callbackd.Visit{At: at, Kind: callbackd.VisitMessage, Outcome: outcome, Mode: mode, From: callbackd.AddressWorld}}
	}
	refused := func(flaw callbackd.Flaw, after time.Duration) callbackd.Connection {
		return callbackd.Connection{Refused: &callbackd.Visit{At: at.Add(after), Kind: callbackd.VisitMessage, Outcome: "forged", Flaw: flaw, Mode: callbackd.ModeSafe}}
	}
	and := func(a, b callbackd.Connection) callbackd.Connection { return a.Merge(b) }
	safe, plain := seen("accepted", callbackd.ModeSafe), func(a *callbackd.Account) { a.Mode = callbackd.ModePlain }
	noKey := func(a *callbackd.Account) { a.Mode, a.AESKey = callbackd.ModePlain, "" }
	return []failing{
		row("visit", "never", doctor.Off, callbackd.Connection{}, nil, "has not been here yet", "press submit"),
		row("visit", "seen from this machine", doctor.Off, callbackd.Connection{OwnAt: at}, nil, "本机自检", "seen from this machine", "press submit"),
		row("visit", "refused only", doctor.Fail, refused(callbackd.FlawToken, 0), nil, "was refused", "signature"),
		row("visit", "not stored", doctor.Fail, seen("failed", callbackd.ModeSafe), nil, "was not taken (failed)", "the disk and the log"),
		row("visit", "well", doctor.OK, safe, nil, "来自公网", "a message, from the internet"),
		row("signature", "never", doctor.Off, callbackd.Connection{}, nil, "not known"),
		row("signature", "another token", doctor.Fail, refused(callbackd.FlawToken, 0), nil, "用别的 Token 签名", "enter it there again"),
		row("signature", "a stranger", doctor.Off, and(safe, refused(callbackd.FlawToken, 2*time.Minute)), nil, "by a stranger"),
		row("signature", "a stranger beside", doctor.OK, and(safe, refused(callbackd.FlawToken, 30*time.Second)), nil, "are right"),
		row("signature", "stale", doctor.Fail, refused(callbackd.FlawClock, 0), nil, "too far from this machine's", "timedatectl"),
		row("aes-key", "another key", doctor.Fail, and(safe, refused(callbackd.FlawKey, 2*time.Minute)), nil, "does not open", "EncodingAESKey on the platform"),
		row("aes-key", "another app id", doctor.Fail, refused(callbackd.FlawAppID, 0), nil, "another AppID", "app_id"),
		row("aes-key", "none", doctor.Off, safe, noKey, "no EncodingAESKey", "aes_key"),
		row("aes-key", "never", doctor.Off, seen("accepted", ""), nil, "not known", "send the account a message"),
		row("aes-key", "well", doctor.OK, seen("accepted", callbackd.ModeCompatible), nil, "opens"),
		row("mode", "plain where safe is wanted", doctor.Fail, and(safe, refused(callbackd.FlawMode, 2*time.Minute)), nil, "平台", "the account wants safe", "安全模式"),
		row("mode", "never", doctor.Off, callbackd.Connection{}, nil, "not known"),
		row("mode", "compatible", doctor.Off, seen("accepted", callbackd.ModeCompatible), nil, "mode compatible, the account safe", "choose safe mode"),
		row("mode", "plain here", doctor.Off, safe, plain, "the account is still plain", "mode = safe"),
		row("mode", "no key here", doctor.Fail, seen("unreadable", callbackd.ModeSafe), noKey, "no key here", "aes_key"),
		row("mode", "well", doctor.OK, safe, nil, "both use mode safe"),
		row("original-id", "another's", doctor.Fail, seen("misdirected", callbackd.ModeSafe), nil, "names another original id", "now gh_"),
		row("original-id", "well", doctor.OK, safe, nil),
	}
}

func apiRows() []failing {
	none := func(a *callbackd.Account) { a.AppSecret = "" }
	forced := func(path string, code int) func(*ward, *rehearsal.Account, *callbackd.Account) {
		return func(_ *ward, sim *rehearsal.Account, _ *callbackd.Account) {
			sim.SetFaults(func(f *rehearsal.Faults) { f.Force = map[string]rehearsal.ForcedError{path: {Code: code, N: -1}} })
		}
	}
	down := func(_ *ward, sim *rehearsal.Account, _ *callbackd.Account) {
		sim.SetFaults(func(f *rehearsal.Faults) { f.CloudDown = true })
	}
	template := func(a *callbackd.Account) {
		a.Notices.Template = &callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1"}
	}
	ahead := func(w *ward, _ *rehearsal.Account, _ *callbackd.Account) {
		late := rehearsal.New(rehearsal.Options{Seed: 3, Now: func() time.Time { return time.Now().Add(-10 * time.Minute) }})
		w.WeChat = wechat.NewClient(wechat.Config{APIURL: w.listen(late.Handler())})
	}
	const stable = "/cgi-bin/stable_token"
	rows := []failing{
		{name: "no secret", check: "token", level: doctor.Off, change: none, words: []string{"没有 AppSecret", "app_secret"}},
		{name: "wrong secret", check: "token", level: doctor.Fail, change: func(a *callbackd.Account) { a.AppSecret = "0123456789abcdef0123456789abcdef" }, words: []string{"refuses", "account set gala"}},
		{name: "down", check: "token", level: doctor.Fail, spoil: down, words: []string{"not reached", "--wechat-api-url"}},
		{name: "not whitelisted", check: "token", level: doctor.Off, cfg: rehearsal.AccountConfig{API: rehearsal.APIConfig{Whitelist: true}}, words: []string{"whitelist"}},
		{name: "not listed", check: "whitelist", level: doctor.Fail, cfg: rehearsal.AccountConfig{API: rehearsal.APIConfig{Whitelist: true}},
			words: []string{"goes out by 127.0.0.1", "add 127.0.0.1 to", "IP白名单"}},
		{name: "awaits the administrator", check: "whitelist", level: doctor.Fail, spoil: forced(stable, 89503), words: []string{"89503", "confirms it in WeChat"}},
		{name: "no token", check: "whitelist", level: doctor.Off, spoil: down, words: []string{"not known"}},
		{name: "no secret", check: "whitelist", level: doctor.Off, change: none, words: []string{"app_secret"}},
		{name: "behind", check: "clock", level: doctor.Fail, spoil: ahead, words: []string{"秒", " s from the platform's", "timedatectl set-ntp true"}},
		{name: "down", check: "clock", level: doctor.Off, spoil: func(w *ward, _ *rehearsal.Account, _ *callbackd.Account) {
			w.WeChat = wechat.NewClient(wechat.Config{APIURL: "http://127.0.0.1:1"})
		}, words: []string{"not known"}},
		{name: "no template", check: "may-template", level: doctor.Off, words: []string{"no template is set", "notice_template"}},
		{name: "with pages", check: "may-media", level: doctor.Off, cfg: rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}},
			spoil: forced("/cgi-bin/media/get", 48001), words: []string{"may not"}},
	}
	for check, p := range map[string]struct {
		path   string
		needed doctor.Level
		words  string
	}{
		"may-media":    {"/cgi-bin/media/get", doctor.Fail, "operator pages"},
		"may-profile":  {"/cgi-bin/user/info", doctor.Off, "lacks nothing"},
		"may-send":     {"/cgi-bin/message/custom/send", doctor.Off, "notices do not go to WeChat"},
		"may-qr":       {"/cgi-bin/qrcode/create", doctor.Off, "typed code"},
		"may-template": {"/cgi-bin/message/template/send", doctor.Fail, "48 hours"},
	} {
		rows = append(rows,
			failing{name: "48001", check: check, level: p.needed, change: template, spoil: forced(p.path, 48001), words: []string{"没有权限", "may not", p.words, "接口权限"}},
			failing{name: "something else", check: check, level: doctor.Fail, change: template, spoil: forced(p.path, 40097), words: []string{"errcode 40097", "try again"}},
			failing{name: "busy", check: check, level: doctor.Off, change: template, spoil: forced(p.path, -1), words: []string{"busy"}},
			failing{name: "no token", check: check, level: doctor.Off, change: template, spoil: down, words: []string{"no token was given"}},
			failing{name: "allowed", check: check, level: doctor.OK, change: template, words: []string{"有权限", "allowed"}})
	}
	return rows
}

func accountRows() []failing {
	mp := rehearsal.AccountConfig{MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2014}}
	pages := func(change func(*rehearsal.OperatorFaults)) func(*ward, *rehearsal.Account, *callbackd.Account) {
		return func(_ *ward, sim *rehearsal.Account, _ *callbackd.Account) { sim.SetOperatorFaults(change) }
	}
	public := func(status int, body string) func(*ward, *rehearsal.Account, *callbackd.Account) {
		return func(w *ward, _ *rehearsal.Account, _ *callbackd.Account) { w.public = answer(status, body) }
	}
	set := func(f func(*callbackd.Account)) func(*callbackd.Account) { return f }
	auto := func(a *callbackd.Account) { a.Moderation = callbackd.ModerationAuto }
	listed := func(w *ward, _ *rehearsal.Account, a *callbackd.Account) {
		w.must(w.DB.SetWordList(context.Background(), a.ID, "list", []string{"one", "two"}, "test"))
	}
	closed := func(w *ward, _ *rehearsal.Account, _ *callbackd.Account) { w.must(w.DB.Close()) }
	return []failing{
		{name: "plain mode", check: "keys", level: doctor.Off, change: set(func(a *callbackd.Account) { a.Mode = callbackd.ModePlain }), words: []string{"can forge", "safe mode"}},
		{name: "no key", check: "keys", level: doctor.Fail, change: set(func(a *callbackd.Account) { a.AESKey = "" }), words: []string{"aes_key", "account set gala"}},
		{name: "no token", check: "keys", level: doctor.Fail, change: set(func(a *callbackd.Account) { a.Token = "" }), words: []string{"没有 Token", "account set gala"}},
		{name: "refused", check: "callback", level: doctor.Fail, spoil: public(403, "no"), words: []string{"403", "https://wall.example/callback/gala"}},
		{name: "an error page", check: "callback", level: doctor.Fail, spoil: public(502, "bad gateway"), words: []string{"502", "without a redirect"}},
		{name: "rewritten", check: "callback", level: doctor.Fail, spoil: public(200, "ok"), words: []string{"changes the answer", "let the proxy"}},
		{name: "redirected", check: "callback", level: doctor.Off, spoil: public(301, ""), words: []string{"the redirect comes first"}},
		{name: "no pages", check: "mpweb", level: doctor.Off, words: []string{"pseudonym"}},
		{name: "captcha", check: "mpweb", level: doctor.Fail, cfg: mp, spoil: pages(func(f *rehearsal.OperatorFaults) { f.Login.CaptchaAlways = true }), words: []string{"captcha", "callbackd account login gala"}},
		{name: "wrong password", check: "mpweb", level: doctor.Fail, cfg: mp, change: set(func(a *callbackd.Account) { a.MPWeb.Password = "wrong" }), words: []string{"mpweb.password", "callbackd account set gala"}},
		{name: "frequency", check: "mpweb", level: doctor.Fail, cfg: mp, spoil: func(_ *ward, sim *rehearsal.Account, _ *callbackd.Account) { sim.ThrottleFor(time.Hour) }, words: []string{"wait"}},
		{name: "down", check: "mpweb", level: doctor.Fail, cfg: mp, spoil: pages(func(f *rehearsal.OperatorFaults) { f.Down = true }), words: []string{"--wechat-mp-url"}},
		{name: "none", check: "media", level: doctor.Off, words: []string{"no voice, picture or video", "from your own phone"}},
		{name: "gone", check: "media", level: doctor.Fail, spoil: picture(time.Minute, "gone"), words: []string{"did not come (image: gone)", "send one again"}},
		{name: "no ffmpeg", check: "media", level: doctor.Fail, spoil: picture(time.Minute, "needs-ffmpeg"), words: []string{"no ffmpeg", "apt-get install ffmpeg"}},
		{name: "late", check: "media", level: doctor.Fail, spoil: picture(time.Hour, ""), words: []string{"on its way since", "serve has to run"}},
		{name: "on its way", check: "media", level: doctor.Off, spoil: picture(time.Second, ""), words: []string{"being fetched"}},
		{name: "no pages", check: "profile", level: doctor.Off, words: []string{"pseudonym"}},
		{name: "nobody", check: "profile", level: doctor.Off, cfg: mp, words: []string{"nobody has said", "from your own phone"}},
		{name: "not found", check: "profile", level: doctor.Fail, cfg: mp, spoil: picture(time.Hour, ""), words: []string{"was not found", "resolve or dialect"}},
		{name: "being looked for", check: "profile", level: doctor.Off, cfg: mp, spoil: picture(time.Second, ""), words: []string{"looked for"}},
		{name: "database away", check: "join", level: doctor.Fail, spoil: closed, words: []string{"not read", "check the database"}},
		{name: "nothing to join by", check: "join", level: doctor.Off, change: set(func(a *callbackd.Account) { a.AppSecret = "" }), words: []string{"join_url, app_secret / mpweb"}},
		{name: "address to join", check: "join", level: doctor.OK, change: set(func(a *callbackd.Account) { a.JoinURL = "http://weixin.qq.com/r/x" }), words: []string{"join_url"}},
		{name: "open", check: "moderation", level: doctor.Off, change: set(func(a *callbackd.Account) { a.Moderation = callbackd.ModerationOpen }), words: []string{"at once", "hold"}},
		{name: "no list", check: "moderation", level: doctor.Off, change: set(auto), words: []string{"no word list", "callbackd words gala import"}},
		{name: "lists not read", check: "moderation", level: doctor.Fail, change: set(auto), spoil: closed, words: []string{"not read", "check the database"}},
		{name: "auto", check: "moderation", level: doctor.OK, change: set(auto), spoil: listed, words: []string{"lists: 1, words: 2"}},
		{name: "auto with a checker", check: "moderation", level: doctor.OK, change: set(func(a *callbackd.Account) { auto(a); a.Filters.Checker = "https://checker.example" }),
			spoil: listed, words: []string{"the checker passes"}},
		{name: "wrong setting", check: "notices", level: doctor.Fail, spoil: func(w *ward, _ *rehearsal.Account, _ *callbackd.Account) {
			w.Vendors = map[callbackd.Provider]error{callbackd.ProviderFCM: errors.New("--fcm-credentials-file: no such file")}
		}, words: []string{"FCM", "no such file", "start callbackd serve again"}},
	}
}

// picture lets a picture have come so long ago; with a reason, it failed.
func picture(ago time.Duration, reason string) func(*ward, *rehearsal.Account, *callbackd.Account) {
	return func(w *ward, _ *rehearsal.Account, a *callbackd.Account) {
		at := w.DB.Now().Add(-ago)
		_, err := w.DB.Accept(context.Background(), &store.Callback{Account: a, Key: "00000001key", Request: []byte("r"), Body: []byte("b"), ReceivedAt: at, CreateTime: at,
			Outcome: store.OutcomeAccepted, MsgType: "image", From: "oAbCdEfGhIjKlMnOpQrStUvWxYz0", Search: true,
			Message: &callbackd.Message{Kind: callbackd.KindImage, SentAt: at, MsgID: 1}, Media: &callbackd.Media{WeChatID: "media"}})
		w.must(err)
		rows, err := w.DB.ListMessages(context.Background(), a.ID, store.MessageFilter{Limit: 1})
		w.must(err)
		if reason != "" {
			w.must(w.DB.SetMediaFailed(context.Background(), rows[0].Media.ID, reason))
		}
	}
}
