package doctor

import (
	"context"
	"errors"

	"callbackd/wechat"
)

// given is what the platform said when it was asked for a token.
type given struct{ err error }

// askToken asks once a visit.
func (p *patient) askToken(ctx context.Context) error {
	if p.gave == nil {
		p.gave = &given{p.WeChat.TryToken(ctx, p.a)}
	}
	return p.gave.err
}

var noAPI = say("没有 AppSecret，不用官方接口：媒体只能来自后台页面", "no app_secret: the official API is not used; media come from the operator pages alone")

// token gets an access token, which needs AppID, AppSecret and the IP whitelist.
func (p *patient) token(ctx context.Context) Finding {
	if !p.a.HasAPI() {
		return off(noAPI, p.set("app_id, app_secret"))
	}
	err := p.askToken(ctx)
	var api *wechat.APIError
	switch {
	case err == nil:
		return ok(say("官方接口可用", "the official API gives a token"))
	case wechat.IsNotListed(err):
		return off(say("还没有拿到 access_token：本机 IP 不在白名单", "no token yet: this machine's address is not whitelisted"), say("见 whitelist 一项", "see the line whitelist"))
	case errors.As(err, &api):
		return fail(say("官方接口拒绝：%v", "the official API refuses: %v", err), p.set("app_id, app_secret"))
	}
	return fail(say("官方接口连不上：%v", "the official API is not reached: %v", err), say("检查网络、DNS 和 --wechat-api-url", "check the network, DNS and --wechat-api-url"))
}

// whitelist tells the address of this machine as the platform sees it, out of
// the platform's own refusal.
func (p *patient) whitelist(ctx context.Context) Finding {
	if !p.a.HasAPI() {
		return off(noAPI, p.set("app_id, app_secret"))
	}
	err := p.askToken(ctx)
	switch {
	case err == nil:
		return ok(say("平台接受本机的出口地址", "the platform takes this machine's address"))
	case !wechat.IsNotListed(err):
		return off(say("还不知道：没有拿到 access_token", "not known: no token was given"), say("见 token 一项", "see the line token"))
	}
	addr := wechat.RefusedAddress(err)
	var api *wechat.APIError
	switch {
	case errors.As(err, &api) && api.Code != 40164:
		return fail(say("平台在等管理员确认本机地址（%d）", "the platform waits until the account's administrator confirms this machine's address (%d)", api.Code),
			say("管理员在微信里确认，然后再试", "the administrator confirms it in WeChat; then try again"))
	case !addr.IsValid():
		return fail(say("本机出口地址不在白名单：%v", "this machine's address is not whitelisted: %v", err),
			say("把这一行里的地址加到平台的 IP白名单（设置与开发 → 基本配置）", "add the address in this line to the account's IP whitelist (设置与开发 → 基本配置 → IP白名单)"))
	}
	return fail(say("本机出口地址 %s 不在白名单", "this machine goes out by %s, which is not whitelisted", addr),
		say("把 %s 加到平台的 IP白名单（设置与开发 → 基本配置）", "add %s to the account's IP whitelist (设置与开发 → 基本配置 → IP白名单)", addr))
}

// mostSkew is how far our clock may be from the platform's, in seconds: signatures allow a
// quarter of an hour, one-time passwords half a minute.
const mostSkew = 30

func (p *patient) clock(ctx context.Context) Finding {
	if !p.a.HasAPI() {
		return off(noAPI, p.set("app_id, app_secret"))
	}
	theirs, ours, err := p.WeChat.Clock(ctx)
	if err != nil {
		return off(say("还不知道：平台没有回答时间", "not known: the platform did not tell the time"), say("见 token 一项", "see the line token"))
	}
	skew := int(ours.Sub(theirs).Abs().Seconds())
	if skew > mostSkew {
		return fail(say("本机时钟与平台相差 %d 秒", "this machine's clock is %d s from the platform's", skew), say("校准时钟：timedatectl set-ntp true", "set the clock: timedatectl set-ntp true"))
	}
	return ok(say("本机时钟与平台相差 %d 秒", "this machine's clock is %d s from the platform's", skew))
}

// may probes a permission; what says what it is for, without says how things
// are where it is missing, and needed whether that is wrong or only less.
func (p *patient) may(ctx context.Context, permission wechat.Permission, needed bool, what, without Text) Finding {
	if !p.a.HasAPI() {
		return off(noAPI, p.set("app_id, app_secret"))
	}
	if p.askToken(ctx) != nil {
		return off(say("还不知道：没有拿到 access_token", "not known: no token was given"), say("见 token 和 whitelist 两项", "see the lines token and whitelist"))
	}
	err := p.WeChat.Probe(ctx, p.a, permission)
	switch {
	case err == nil:
		return ok(Text{what.ZH + "：有权限", what.EN + ": allowed"})
	case wechat.IsNotAllowed(err):
		f := off(Text{what.ZH + "：这个账号没有权限；" + without.ZH, what.EN + ": this account may not; " + without.EN},
			say("平台上「设置与开发 → 接口权限」写着怎样获得，通常要先认证账号", "设置与开发 → 接口权限 on the platform says how to get it: mostly the account has to be verified first"))
		if needed {
			f.Level = Fail
		}
		return f
	case wechat.IsBusy(err):
		return off(Text{what.ZH + "：平台忙，没有查出来", what.EN + ": the platform is busy, nothing is known"}, say("过一会儿再试", "try again in a while"))
	}
	return fail(Text{what.ZH + "：查不出来：" + err.Error(), what.EN + ": not known: " + err.Error()}, say("检查网络，再试一次", "check the network, and try again"))
}

func (p *patient) mayMedia(ctx context.Context) Finding {
	return p.may(ctx, wechat.MayMedia, p.a.MPWeb == nil, say("下载语音、图片和视频", "fetching voices, pictures and videos"),
		say("只能从后台页面取，没有登录就不显示", "they come from the operator pages, and without a login there not at all"))
}

func (p *patient) mayProfile(ctx context.Context) Finding {
	return p.may(ctx, wechat.MayProfile, false, say("查询关注者", "asking for a follower"), say("不影响上墙：名字本来就不从这里来", "the wall lacks nothing: names do not come from there"))
}

func (p *patient) maySend(ctx context.Context) Finding {
	return p.may(ctx, wechat.MaySend, false, say("客服消息", "customer-service messages"), say("提醒不能发到微信", "notices do not go to WeChat"))
}

func (p *patient) mayQR(ctx context.Context) Finding {
	return p.may(ctx, wechat.MayQR, false, say("带参数的二维码", "QR codes with a scene"), say("入场二维码用 join_url 或后台的，绑定用文字口令", "the join QR is join_url or the operator pages', and binding goes by a typed code"))
}

func (p *patient) mayTemplate(ctx context.Context) Finding {
	if p.a.HasAPI() && p.a.Notices.Template == nil {
		return off(say("没有设模板消息：48 小时以后的提醒不发到微信", "no template is set: notices do not go to WeChat after 48 hours"), p.set("notice_template"))
	}
	return p.may(ctx, wechat.MayTemplate, p.a.Notices.Template != nil, say("模板消息", "template messages"), say("48 小时以后的提醒不发到微信", "notices do not go to WeChat after 48 hours"))
}
