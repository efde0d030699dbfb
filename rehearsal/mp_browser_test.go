package rehearsal_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"callbackd"
	"callbackd/rehearsal"
)

// mpTab is a tab of a headless browser.
type mpTab struct {
	t   *testing.T
	ctx context.Context
}

func newTab(t *testing.T) mpTab {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1"),
	)
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancelAlloc)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	return mpTab{t, ctx}
}

// until evaluates an expression until it is true.
func (b mpTab) until(what, expression string) {
	b.t.Helper()
	b.poll(what, func() bool {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok // an error is a page that is being changed
	})
}

func (b mpTab) poll(what string, done func() bool) {
	b.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			b.t.Fatalf("waited for %s: %v", what, b.ctx.Err())
		}
	}
}

func TestLoginPage_LogsARealBrowserIn(t *testing.T) {
	p := rehearsal.New(rehearsal.Options{Seed: 7}) // the page polls by the browser's clock
	a, err := p.AddAccount(rehearsal.AccountConfig{Slug: "gala", MP: &rehearsal.MPConfig{Dialect: callbackd.Dialect2016}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p.Handler())
	t.Cleanup(srv.Close)
	p.SetBaseURL(srv.URL)

	b := newTab(t)
	if err := chromedp.Do(b.ctx, chromedp.Navigate(srv.URL+"/")); err != nil {
		t.Fatal(err)
	}
	status := func(n string) string { return `document.getElementById('login').dataset.status === '` + n + `'` }
	b.until("the picture", `document.getElementById('qr').naturalWidth > 100`)
	b.until("the hint", `document.getElementById('hint').textContent.includes('请用微信扫描')`)

	p.ExpireLoginQR()
	b.until("an expired picture", status("3")+` && getComputedStyle(document.getElementById('again')).display === 'block'`)
	if err := chromedp.Do(b.ctx, chromedp.Click("#again")); err != nil {
		t.Fatal(err)
	}
	b.poll("a new picture", func() bool { return p.LoginQR() != "" })
	if err := a.ScanLogin(); err != nil {
		t.Fatal(err)
	}
	b.until("scanned", status("4")+`||`+status("6"))
	b.until("the question on the phone", status("6"))
	if err := a.ConfirmLogin(); err != nil {
		t.Fatal(err)
	}
	b.until("the home page", `location.pathname === '/cgi-bin/home' && !!wx.commonData`)

	user, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`wx.commonData.data.user_name`))
	if err != nil {
		t.Fatal(err)
	}
	where, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	if user != a.Config.OriginalID || !strings.Contains(where, "token=") || a.Logins() != 1 {
		t.Errorf("user %q at %s after %d logins", user, where, a.Logins())
	}
}

func TestPages_RunAsScriptsInARealBrowser(t *testing.T) {
	d := newDesk(t, callbackd.Dialect2014, rehearsal.OperatorFaults{Login: rehearsal.LoginFaults{AutoScan: time.Nanosecond}})
	c := d.person("</script><b> \"小明\" 'x' \\ 😀")
	d.text(c, "</script> \"}]}).msg_item\" \\n")
	b := newTab(t)
	if err := chromedp.Do(b.ctx, chromedp.Navigate(d.base+"/")); err != nil {
		t.Fatal(err)
	}
	b.poll("the first picture", func() bool { return d.p.Counters("")["mp/scanloginqrcode-getqrcode"] > 0 })
	d.clock.pass(time.Second)
	b.until("the home page", `location.pathname === '/cgi-bin/home' && wx.commonData.data.uin === '`+d.a.Uin()+`'`)
	token, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`wx.commonData.data.t`))
	if err != nil {
		t.Fatal(err)
	}
	name := `'&lt;/script&gt;&lt;b&gt;&nbsp;&quot;小明&quot;&nbsp;&#39;x&#39;&nbsp;\\&nbsp;😀'`
	for page, expression := range map[string]string{
		"/cgi-bin/contactmanage?":                              `wx.cgiData.friendsList[0].nick_name === ` + name + ` && wx.cgiData.totalCount === 1 && wx.cgiData.groupsList.length === 3`,
		"/cgi-bin/message?":                                    `wx.cgiData.list[0].nick_name === ` + name + ` && wx.cgiData.list[0].content.includes('}]}).msg_item')`,
		"/cgi-bin/singlesendpage?tofakeid=" + string(c.Number): `wx.cgiData.list.length === 1 && wx.cgiData.to_nick_name === ` + name,
	} {
		if err := chromedp.Do(b.ctx, chromedp.Navigate(d.base+page+"&token="+token)); err != nil {
			t.Fatal(err)
		}
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](expression))
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", page, ok, err)
		}
	}
}
