// Package doctor checks an installation and its accounts: one line a check, one
// fix a failure. It leaves nothing behind but what asking the platform brings:
// an access token, a session of the operator pages.
package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callbackd"
	"callbackd/blob"
	"callbackd/mpweb"
	"callbackd/store"
	"callbackd/wechat"
)

// Level is how a check ended.
type Level string

const (
	OK   Level = "ok"
	Off  Level = "off"  // works as set up; what it would give is named
	Fail Level = "fail" // something is wrong; Fix says what to do
)

// Finding is the result of one check. Texts are for the operator: zh-CN, then English.
type Finding struct {
	Check string // short name, such as database or spring/token
	Level Level
	Text  string
	Fix   string // with Fail
}

// Doctor holds what the checks look at.
type Doctor struct {
	DataDir   string
	PublicURL *url.URL
	DB        *store.DB
	Blobs     blob.Bucket
	WeChat    *wechat.Client
	MPWeb     *mpweb.Client
	HTTP      *http.Client // its Transport asks our own public address; nil: the usual one
	// Vendors are the notification servers that the settings name, each with what
	// is wrong with its settings; nil: nothing.
	Vendors map[callbackd.Provider]error
}

// checkLimit bounds each check: a doctor that hangs helps nobody.
const checkLimit = 15 * time.Second

// Run makes every check, of the accounts given, and reports each at once.
// It returns whether nothing failed.
func (d *Doctor) Run(ctx context.Context, accounts []*callbackd.Account, report func(Finding)) bool {
	well := true
	one := func(check func(context.Context) Finding) {
		limited, cancel := context.WithTimeout(ctx, checkLimit)
		defer cancel()
		f := check(limited)
		f.Text, f.Fix = oneLine(f.Text), oneLine(f.Fix)
		well = well && f.Level != Fail
		report(f)
	}
	one(d.dataFolder)
	one(d.database)
	one(d.files)
	one(d.ffmpeg)
	one(d.publicURL)
	for _, a := range accounts {
		for _, check := range []func(context.Context, *callbackd.Account) Finding{
			d.keys, d.callback, d.token, d.operatorPages, d.join, d.moderation, d.notices} {
			one(func(ctx context.Context) Finding { return check(ctx, a) })
		}
	}
	return well
}

// oneLine folds a text into one line: errors may bring more.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
