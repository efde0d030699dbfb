package doctor

import (
	"context"
	"errors"

	"callbackd"
	"callbackd/mpweb"
)

// set is the fix that changes the account's settings.
func (p *patient) set(what string) Text {
	return say("在账号设置里改 %[2]s（callbackd account set %[1]s）", "set %[2]s in the account's settings (callbackd account set %[1]s)", p.a.Slug, what)
}

// keys looks at what the account must have for its mode.
func (p *patient) keys(context.Context) Finding {
	a := p.a
	switch {
	case a.Token == "":
		return fail(say("没有 Token", "no token"), p.set("token"))
	case a.Mode.Encrypted() && (a.AESKey == "" || a.AppID == ""):
		return fail(say("%s 模式缺少 EncodingAESKey 或 AppID", "mode %s lacks aes_key or app_id", a.Mode), p.set("aes_key, app_id"))
	case !a.Mode.Encrypted():
		return off(say("明文模式：地址泄露后可被伪造", "plain mode: who learns one address can forge messages"),
			say("在平台上选安全模式，并在账号设置里改为 safe", "choose safe mode on the platform, and in the account's settings"))
	}
	return ok(say("消息加解密方式 %s，密钥齐全", "keys for mode %s are there", a.Mode))
}

// operatorPages logs in to the operator pages where the account has them.
func (p *patient) operatorPages(ctx context.Context) Finding {
	a := p.a
	if a.MPWeb == nil {
		return off(say("不使用公众平台后台：发言者显示化名和手绘头像", "operator pages are not used: people appear by pseudonym and drawn face"),
			say("不需要做什么；风险和开关在账号设置里", "nothing has to be done; the risk and the switch are in the account's settings"))
	}
	err := p.MPWeb.LoggedIn(ctx, a)
	var human *mpweb.NeedsHumanError
	var quiet *mpweb.FrequencyError
	login := say("扫码登录：callbackd account login %s", "log in by scanning: callbackd account login %s", a.Slug)
	switch {
	case err == nil:
		return ok(say("公众平台后台已登录", "logged in to the operator pages"))
	case errors.As(err, &human) && human.Reason == mpweb.ReasonPassword:
		return fail(say("登录被拒绝：用户名或密码不对", "the login is refused: wrong name or password"),
			say("更正 mpweb.username 和 mpweb.password（callbackd account set %[1]s），或扫码登录：callbackd account login %[1]s",
				"correct mpweb.username and mpweb.password with callbackd account set %[1]s, or: callbackd account login %[1]s", a.Slug))
	case errors.As(err, &human):
		return fail(say("登录需要人来完成：%s", "the login needs a human: %s", human.Reason), login)
	case errors.As(err, &quiet):
		return fail(say("平台限制了访问频率：%v", "the platform limits how often we may come: %v", err), say("等待，callbackd 会自己继续", "wait; callbackd goes on by itself"))
	}
	return fail(say("后台页面读不到：%v", "the operator pages are not read: %v", err),
		say("检查网络和 --wechat-mp-url，然后 callbackd account login %s", "check the network and --wechat-mp-url, then callbackd account login %s", a.Slug))
}

// join says where the join QR comes from, as the wall chooses.
func (p *patient) join(ctx context.Context) Finding {
	a := p.a
	code, err := p.DB.GetJoinCode(ctx, a.ID)
	alive := err == nil && (code.ExpiresAt.IsZero() || code.ExpiresAt.After(p.DB.Now()))
	switch {
	case err != nil && !errors.Is(err, callbackd.ErrNotFound):
		return fail(say("二维码读不到：%v", "the join code is not read: %v", err), say("检查数据库", "check the database"))
	case alive && code.Source == "api":
		return ok(say("二维码来自官方接口", "the join QR is a scene code of the API"))
	case a.JoinURL != "":
		return ok(say("二维码用 join_url", "the join QR says join_url"))
	case alive:
		return ok(say("二维码来自后台", "the join QR is the account's own, from the operator pages"))
	case a.HasAPI() || a.MPWeb != nil:
		return off(say("还没有二维码：页面请人搜索公众号名称", "no join QR yet: until then the wall asks to search for the account's name"),
			say("服务器运行后，账号有权限时会自己去取；或设置 join_url", "serve gets one where the account may have it; or set join_url"))
	}
	return off(say("没有二维码：页面请人搜索公众号名称", "no join QR: the wall asks to search for the account's name"), p.set("join_url, app_secret / mpweb"))
}

func (p *patient) moderation(ctx context.Context) Finding {
	switch p.a.Moderation {
	case callbackd.ModerationAuto:
		return p.filters(ctx)
	case callbackd.ModerationOpen:
		return off(say("不审核：所有消息直接上墙", "no moderation: everything goes on the wall at once"), p.set("moderation = hold"))
	}
	return ok(say("先审后发", "a moderator passes everything"))
}

// filters says what auto moderation goes by; without a word list it is hold.
func (p *patient) filters(ctx context.Context) Finding {
	lists, err := p.DB.ListWordLists(ctx, p.a.ID)
	if err != nil {
		return fail(say("词表读不到：%v", "the word lists are not read: %v", err), say("检查数据库", "check the database"))
	}
	words := 0
	for _, l := range lists {
		words += l.Count
	}
	switch {
	case words == 0:
		return off(say("自动审核还没有词表，等同先审后发", "auto has no word list, so a moderator passes everything"),
			say("导入词表：callbackd words %[1]s import NAME FILE", "import one: callbackd words %[1]s import NAME FILE", p.a.Slug))
	case p.a.Filters.Checker != "":
		return ok(say("自动审核：词表 %d 个，共 %d 词，再问检查服务", "auto lets pass what the filters find nothing in (lists: %d, words: %d) and the checker passes", len(lists), words))
	}
	return ok(say("自动审核：词表 %d 个，共 %d 词", "auto lets pass what the filters find nothing in (lists: %d, words: %d)", len(lists), words))
}
