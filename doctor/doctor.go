// Package doctor checks an installation and its accounts: one plain sentence a
// check, one fix where something is not as it could be. It leaves nothing behind
// but what asking the platform brings: an access token, a session of the operator
// pages. Nothing that it does reaches a follower.
package doctor

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/internal/disk"
	"callbackd/mpweb"
	"callbackd/store"
	"callbackd/wechat"
)

// Doctor holds what the checks look at.
type Doctor struct {
	DataDir   string
	PublicURL *url.URL
	DB        *store.DB
	Blobs     blob.Bucket
	WeChat    *wechat.Client
	MPWeb     *mpweb.Client
	HTTP      *http.Client // its Transport asks our own public address; nil: the usual one
	// Dial reaches the public address for the look at its certificate; nil: the usual way.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Roots are whom certificates are believed of; nil: the system's.
	Roots *x509.CertPool
	// Disk says how full the disk under a folder is; nil: disk.Of.
	Disk func(folder string) (disk.Usage, error)
	// Vendors are the notification servers that the settings name, each with what
	// is wrong with its settings; nil: nothing.
	Vendors map[callbackd.Provider]error
}

// checkLimit bounds each check: a doctor that hangs helps nobody.
const checkLimit = 15 * time.Second

// check is one question; its id is part of what people and programs read.
type check[T any] struct {
	id  string
	ask func(T, context.Context) Finding
}

// installation are the checks of the machine and its settings, in the order in
// which they are told.
var installation = []check[*Doctor]{
	{"data-dir", (*Doctor).dataFolder},
	{"database", (*Doctor).database},
	{"blobs", (*Doctor).files},
	{"ffmpeg", (*Doctor).ffmpeg},
	{"public-url", (*Doctor).publicURL},
	{"tls", (*Doctor).tls},
	{"disk", (*Doctor).disk},
}

// account are the checks of an account: from outside in, then what it may do,
// then what became of it.
var account = []check[*patient]{
	{"keys", (*patient).keys},
	{"redirect", (*patient).redirect},
	{"callback", (*patient).callback},
	{"visit", (*patient).visit},
	{"signature", (*patient).signature},
	{"aes-key", (*patient).aesKey},
	{"mode", (*patient).mode},
	{"original-id", (*patient).originalID},
	{"token", (*patient).token},
	{"whitelist", (*patient).whitelist},
	{"clock", (*patient).clock},
	{"may-media", (*patient).mayMedia},
	{"may-profile", (*patient).mayProfile},
	{"may-send", (*patient).maySend},
	{"may-qr", (*patient).mayQR},
	{"may-template", (*patient).mayTemplate},
	{"mpweb", (*patient).operatorPages},
	{"media", (*patient).media},
	{"profile", (*patient).profile},
	{"join", (*patient).join},
	{"moderation", (*patient).moderation},
	{"notices", (*patient).notices},
}

// patient is an account during a visit of the doctor, with the answers that
// several checks look at. Checks come one after the other.
type patient struct {
	*Doctor
	a *callbackd.Account

	own  *reply // of our own check of the address; nil: not asked yet
	gave *given // of the platform, when asked for a token; nil: not asked yet
}

// Plan lists the checks that Run makes, in its order: findings without a level.
func Plan(accounts []*callbackd.Account) []Finding {
	var plan []Finding
	for _, c := range installation {
		plan = append(plan, Finding{ID: c.id})
	}
	for _, a := range accounts {
		for _, c := range account {
			plan = append(plan, Finding{ID: c.id, Account: a.Slug})
		}
	}
	return plan
}

// Run makes every check, of the accounts given, and reports each at once.
// It returns whether nothing failed.
func (d *Doctor) Run(ctx context.Context, accounts []*callbackd.Account, report func(Finding)) bool {
	well := true
	tell := func(f Finding) {
		well = well && f.Level != Fail
		report(f)
	}
	for _, c := range installation {
		tell(examine(ctx, c, d, ""))
	}
	for _, a := range accounts {
		p := &patient{Doctor: d, a: a}
		for _, c := range account {
			tell(examine(ctx, c, p, a.Slug))
		}
	}
	return well
}

// examine makes one check within its limit.
func examine[T any](ctx context.Context, c check[T], of T, slug callbackd.Slug) Finding {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	start := time.Now()
	f := c.ask(of, ctx)
	f.ID, f.Account, f.At, f.TookMS = c.id, slug, start.UTC(), time.Since(start).Milliseconds()
	f.Says, f.Fix = f.Says.oneLine(), f.Fix.oneLine()
	return f
}
