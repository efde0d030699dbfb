package doctor

import (
	"context"
	"net/netip"
	"strings"

	"callbackd"
)

// way is how notices reach followers whose pages are closed, in both languages;
// Why says why they do not go by it.
type way struct{ ZH, EN, Why string }

// vendorWays are the notification servers, in the order in which the doctor
// tells of them.
var vendorWays = []struct {
	provider callbackd.Provider
	way
}{
	{callbackd.ProviderWebPush, way{ZH: "浏览器推送", EN: "Web Push"}},
	{callbackd.ProviderAPNs, way{ZH: "APNs", EN: "APNs"}},
	{callbackd.ProviderFCM, way{ZH: "FCM", EN: "FCM"}},
}

// notices says what reaches the account's followers when no page of theirs is
// open. Nothing is sent for it.
func (p *patient) notices(context.Context) Finding {
	var by, not []way
	for _, v := range vendorWays {
		problem, set := p.Vendors[v.provider]
		switch {
		case problem != nil:
			return fail(say(v.ZH+" 的设置有误，提醒送不到：%v", "notices do not go by "+v.EN+": %v", problem),
				say("更正这一行写的设置，再启动 callbackd serve", "correct the settings that this line names, and start callbackd serve again"))
		case !set:
			not = append(not, v.way)
		case v.provider == callbackd.ProviderWebPush && !p.secure():
			v.Why = "--public-url is not https"
			not = append(not, v.way)
		default:
			by = append(by, v.way)
		}
	}
	switch a := p.a; {
	case !a.HasAPI():
		not = append(not, way{"微信", "WeChat", "no app_secret"})
	case a.Notices.Template == nil:
		by = append(by, way{ZH: "微信（48 小时内）", EN: "WeChat within 48 h of a word"})
		not = append(not, way{"微信模板消息", "WeChat after that", "no notice_template"})
	default:
		by = append(by, way{ZH: "微信", EN: "WeChat"})
	}
	return told(by, not)
}

// told makes the doctor's sentence.
func told(by, not []way) Finding {
	var zh, en, no []string
	for _, w := range by {
		zh, en = append(zh, w.ZH), append(en, w.EN)
	}
	for _, w := range not {
		if w.Why != "" {
			w.EN += " (" + w.Why + ")"
		}
		no = append(no, w.EN)
	}
	but := ""
	if len(no) > 0 {
		but = "; not by " + strings.Join(no, ", ")
	}
	if len(by) == 0 {
		return off(Text{"提醒只到打开着的页面", "notices reach open pages alone" + but},
			say("启用 https，或设置 APNs、FCM 或 AppSecret（docs/operations.md）", "serve https, or set up APNs, FCM or app_secret (docs/operations.md)"))
	}
	return ok(Text{"提醒送达：" + strings.Join(zh, "、"), "notices reach followers by " + strings.Join(en, ", ") + but})
}

// secure reports whether browsers offer Web Push on our pages: on https, and on
// their own machine.
func (d *Doctor) secure() bool {
	if d.PublicURL.Scheme == "https" {
		return true
	}
	host := strings.ToLower(d.PublicURL.Hostname())
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
}
