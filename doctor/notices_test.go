package doctor_test

import (
	"errors"
	"testing"

	"callbackd"
	"callbackd/doctor"
	"callbackd/rehearsal"
)

func TestNotices_WhatReachesFollowers(t *testing.T) {
	type vendors = map[callbackd.Provider]error
	template := func(a *callbackd.Account) {
		a.Notices.Template = &callbackd.NoticeTemplate{ID: "tm-1", TitleKey: "thing1"}
	}
	noAPI := func(a *callbackd.Account) { a.AppSecret = "" }
	all := vendors{callbackd.ProviderWebPush: nil, callbackd.ProviderAPNs: nil, callbackd.ProviderFCM: nil}
	broken := vendors{callbackd.ProviderWebPush: nil, callbackd.ProviderAPNs: errors.New("--apns-key-file: no such file")}
	for name, c := range map[string]struct {
		change  func(*callbackd.Account)
		vendors vendors
		public  string
		level   doctor.Level
		words   []string
	}{
		"everything": {template, all, "https://wall.example", doctor.OK, []string{"提醒送达：浏览器推送、APNs、FCM、微信 · notices reach followers by Web Push, APNs, FCM, WeChat"}},
		"as installed": {nil, vendors{callbackd.ProviderWebPush: nil}, "https://wall.example", doctor.OK,
			[]string{"by Web Push, WeChat within 48 h of a word; not by APNs, FCM, WeChat after that (no notice_template)"}},
		"no https": {noAPI, vendors{callbackd.ProviderWebPush: nil}, "http://wall.example", doctor.Off,
			[]string{"open pages alone", "not by Web Push (--public-url is not https), APNs, FCM, WeChat (no app_secret)"}},
		"this machine":  {noAPI, vendors{callbackd.ProviderWebPush: nil}, "http://127.0.0.1:8080", doctor.OK, []string{"by Web Push; not by"}},
		"by its name":   {noAPI, vendors{callbackd.ProviderWebPush: nil}, "http://localhost:8080", doctor.OK, []string{"by Web Push; not by"}},
		"wrong setting": {template, broken, "https://wall.example", doctor.Fail, []string{"APNs", "--apns-key-file: no such file", "start callbackd serve again"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			sim, a := w.account(rehearsal.AccountConfig{API: rehearsal.APIConfig{Templates: []rehearsal.Template{{ID: "tm-1"}}}}, c.change)
			w.Vendors, w.PublicURL = c.vendors, w.at(c.public)
			found, _ := w.findings(a)
			w.want(found["gala/notices"], c.level, c.words...)
			if n := w.platform.Counters("gala"); len(sim.Sent())+len(sim.SentTemplates()) > 0 {
				t.Errorf("something was sent: %v", n)
			}
		})
	}
}
