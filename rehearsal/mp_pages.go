package rehearsal

import (
	"strings"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// routeOperatorPages adds the pages of mp.weixin.qq.com. /cgi-bin/showqrcode
// and the official API's /cgi-bin paths are routed by api.go.
//
// Each request is counted as "mp/" and the name of its page; beside it
// "mp/session" counts logins that succeeded, "mp/lost", "mp/bad-token",
// "mp/bad-referer", "mp/throttled" and "mp/down" the requests refused.
func (p *Platform) routeOperatorPages(r chi.Router) {
	r.Get("/", p.showLogin)
	r.Get("/cgi-bin/loginpage", p.showLogin)
	r.Get("/cgi-bin/verifycode", p.showCaptcha)
	r.Post("/cgi-bin/login", p.doLogin)
	r.Post("/cgi-bin/bizlogin", p.doBizLogin)
	r.Get("/cgi-bin/scanloginqrcode", p.showScanLogin)

	r.Get("/cgi-bin/home", p.guarded("home", formPage, "", showHome))

	old := callbackd.Dialect2014
	r.Get("/cgi-bin/contactmanage", p.guarded("contactmanage", formPage, old, showContacts))
	r.Post("/cgi-bin/getcontactinfo", p.guarded("getcontactinfo", formJSON, old, showCard))

	now := callbackd.Dialect2016
	r.Get("/cgi-bin/user_tag", p.guarded("user_tag", formPage, now, showUserTag))
	r.Post("/cgi-bin/user_tag", p.guarded("get_fans_info", formJSON, now, showFan))

	r.Get("/cgi-bin/message", p.guarded("message", formPage, "", showMessages))
	r.Post("/cgi-bin/getnewmsgnum", p.guarded("getnewmsgnum", formJSON, "", showNewCount))
	r.Get("/cgi-bin/singlesendpage", p.guarded("singlesendpage", formPage, "", showDialog))

	r.Get("/cgi-bin/getimgdata", p.guarded("getimgdata", formMedia, "", serveImage))
	r.Get("/cgi-bin/getvoicedata", p.guarded("getvoicedata", formMedia, "", serveVoice))
	r.Get("/cgi-bin/getvideodata", p.guarded("getvideodata", formMedia, "", serveVideo))
	r.Get("/cgi-bin/downloadfile", p.guarded("downloadfile", formMedia, "", serveDownload))
	r.Get("/cgi-bin/getheadimg", p.guarded("getheadimg", formMedia, "", serveHead))
	r.Get("/misc/getheadimg", p.guarded("getheadimg", formMedia, "", serveHead))
	r.Get("/misc/getqrcode", p.guarded("getqrcode", formMedia, "", serveAccountQR))
}

// showHome is the page that a login leads to; what scrapers want of it stands
// on lines of its own, because they cut it out with greedy expressions.
func showHome(c *opCall) {
	a := c.a
	quoted := func(s string) string { return `"` + strings.ReplaceAll(c.pageName(s), `\`, `\\`) + `"` }
	writeHTML(c.w, htmlPage("公众平台", strings.Join([]string{
		`wx.commonData={data:{`,
		`t:` + quoted(c.token) + `,`,
		`ticket:` + quoted(hexID(c.p.opts.Seed, 40, "ticket", a.Config.OriginalID, c.token)) + `,`,
		`lang:'zh_CN',`,
		`param:["&token=` + c.token + `",'&lang=zh_CN'].join(""),`,
		`uin:` + quoted(a.Uin()) + `,`,
		`user_name:` + quoted(a.Config.OriginalID) + `,`,
		`nick_name:` + quoted(a.Config.Name) + `,`,
		`time:"` + unixString(c.p.now()) + `"||new Date().getTime()/1000`,
		`}};`,
	}, "\n")))
}
