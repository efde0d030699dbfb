package doctor

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"callbackd"
	"callbackd/wechat"
)

// ownCheck asks our own public address as the platform does when the operator
// saves the settings. The callback handler knows it as ours.
func (p *patient) ownCheck(ctx context.Context) (reply, string) {
	q := wechat.OwnCheck(p.a, time.Now())
	u := p.PublicURL.JoinPath("callback", string(p.a.Slug))
	u.RawQuery = q.Encode()
	if p.own == nil {
		r := p.ask(ctx, u.String())
		if r.err == nil && r.body != q.Get("echostr") {
			r.err = errChanged
		}
		p.own = &r
	}
	u.RawQuery = ""
	return *p.own, u.String()
}

var errChanged = fmt.Errorf("another answer than echostr")

func (r reply) redirects() bool { return r.status >= 300 && r.status < 400 }

func (p *patient) redirect(ctx context.Context) Finding {
	r, address := p.ownCheck(ctx)
	if r.redirects() {
		return fail(say("回调地址跳转到 %[2]s，而平台不跟随跳转（%[1]d）", "the callback address redirects (%[1]d) to %[2]s, and the platform follows no redirects", r.status, r.to),
			say("把跳转后的地址设为 --public-url，或让代理不要跳转 %s", "set --public-url to where it leads, or let the proxy not redirect %s", address))
	}
	return ok(say("没有跳转", "no redirect"))
}

func (p *patient) callback(ctx context.Context) Finding {
	r, address := p.ownCheck(ctx)
	switch {
	case r.redirects():
		return off(say("先解决跳转，回调地址才能自检", "the redirect comes first: the check of the address was not answered"), say("见 redirect 一项", "see the line redirect"))
	case r.err == errChanged:
		return fail(say("回调地址返回了别的内容", "something changes the answer of the callback address"), say("让代理原样转发内容", "let the proxy pass the body as it is"))
	case r.status == http.StatusForbidden:
		return fail(say("回调地址拒绝了自检（403）：那里的 callbackd 不认识这个 Token", "the callback address refuses its check (403): what answers there does not know this token"),
			say("检查 %s 后面是不是这台服务器，代理有没有改参数", "check that %s leads to this server, and that no proxy changes the query", address))
	case r.err != nil:
		return fail(say("回调地址没有通过自检：%v", "the callback address fails its check: %v", r.err),
			say("让 %s 不经跳转到达 callbackd，再到平台保存", "make %s reach callbackd without a redirect, then save it on the platform", address))
	}
	return ok(say("回调地址可用，把它填到平台：%s", "paste this on the platform: %s", address))
}

// link is what the callback handler saw; a failure is the database's, which has
// its own line.
func (p *patient) link(ctx context.Context) callbackd.Connection {
	c, _ := p.DB.GetConnection(ctx, p.a.ID)
	return c
}

// refused returns the last refused visit where it tells something: nothing good
// came after it. What is good is noted once a minute.
func refused(c callbackd.Connection, flaws ...callbackd.Flaw) *callbackd.Visit {
	v := c.Refused
	if v == nil || c.Platform != nil && v.At.Before(c.Platform.At.Add(time.Minute)) {
		return nil
	}
	for _, f := range flaws {
		if v.Flaw == f {
			return v
		}
	}
	return nil
}

// told are the words for a visit.
var (
	kindText = map[callbackd.VisitKind]Text{callbackd.VisitCheck: {"地址校验", "its check of the address"},
		callbackd.VisitMessage: {"消息", "a message"}, callbackd.VisitEvent: {"事件", "an event"}}
	fromText = map[callbackd.AddressClass]Text{callbackd.AddressMachine: {"本机", "this machine"},
		callbackd.AddressNetwork: {"内网", "a private network"}, callbackd.AddressWorld: {"公网", "the internet"}, "": {"未知地址", "an unknown address"}}
)

func clock(t time.Time) string { return t.Local().Format(time.DateTime) }

// visit tells of the platform's last request.
func (p *patient) visit(ctx context.Context) Finding {
	c := p.link(ctx)
	save := say("在平台的服务器配置里填 URL、Token 和 EncodingAESKey，然后点提交", "enter URL, Token and EncodingAESKey in the platform's server settings, and press submit")
	v := c.Platform
	switch {
	case v == nil && c.Refused != nil:
		return fail(say("%s 有请求来过，但没有通过验证，平台还没有成功过", "a request came at %s and was refused; the platform has not come through yet", clock(c.Refused.At)),
			say("见 signature、aes-key 和 mode 三项", "see the lines signature, aes-key and mode"))
	case v == nil && !c.OwnAt.IsZero():
		return off(say("平台还没有来过；%s 从本机看到了回调地址（本机自检，不算平台）", "the platform has not been here; the address was seen from this machine at %s, which does not count", clock(c.OwnAt)), save)
	case v == nil:
		return off(say("平台还没有来过", "the platform has not been here yet"), save)
	case !v.Good() && v.Outcome != "misdirected":
		return fail(say("平台 %[1]s 来过，但请求没有被收下（%[2]s）", "the platform came at %[1]s, and what it brought was not taken (%[2]s)", clock(v.At), v.Outcome),
			say("检查数据库、磁盘和日志", "look at the database, the disk and the log"))
	}
	kind, from := kindText[v.Kind], fromText[v.From]
	return ok(Text{fmt.Sprintf("平台最近一次来访：%s，%s，来自%s", clock(v.At), kind.ZH, from.ZH),
		fmt.Sprintf("the platform's last visit: %s, %s, from %s", clock(v.At), kind.EN, from.EN)})
}

var (
	notSeen = say("平台还没有来过，看不出来", "not known before the platform has been here")
	seeThat = say("见 visit 一项", "see the line visit")
)

// signature says whether the platform signs with our token.
func (p *patient) signature(ctx context.Context) Finding {
	c := p.link(ctx)
	v := refused(c, callbackd.FlawToken, callbackd.FlawClock)
	fix := say("让平台上的 Token 和这里的一致：到平台重填，或在账号设置里更换", "make the Token on the platform the one of here: enter it there again, or replace it in the account's settings")
	switch {
	case v != nil && v.Flaw == callbackd.FlawClock:
		return fail(say("%s 的请求签名正确，但时间与本机相差太远", "the request of %s is signed well, at a time that is too far from this machine's", clock(v.At)),
			say("校准本机时钟：timedatectl set-ntp true", "set this machine's clock: timedatectl set-ntp true"))
	case v != nil && c.Platform == nil:
		return fail(say("%s 的请求用别的 Token 签名", "the request of %s is signed with another token", clock(v.At)), fix)
	case v != nil:
		return off(say("签名正确；%s 另有一次请求用别的 Token 签名，多半是陌生人", "signatures are right; one request of %s was signed with another token, most likely by a stranger", clock(v.At)), fix)
	case c.Platform == nil:
		return off(notSeen, seeThat)
	}
	return ok(say("签名正确", "signatures are right"))
}

// aesKey says whether what the platform encrypts opens here.
func (p *patient) aesKey(ctx context.Context) Finding {
	c := p.link(ctx)
	if v := refused(c, callbackd.FlawKey, callbackd.FlawAppID); v != nil {
		if v.Flaw == callbackd.FlawAppID {
			return fail(say("%s 的消息是加密给另一个 AppID 的", "the message of %s is encrypted for another AppID", clock(v.At)), p.set("app_id"))
		}
		return fail(say("%s 的消息用现在的 EncodingAESKey 打不开", "the message of %s does not open with this EncodingAESKey", clock(v.At)),
			say("把平台上的 EncodingAESKey 改成这里的，或在账号设置里更换", "make the EncodingAESKey on the platform the one of here: enter it there again, or replace it in the account's settings"))
	}
	switch v := c.Platform; {
	case p.a.AESKey == "":
		return off(say("没有 EncodingAESKey", "there is no EncodingAESKey"), p.set("aes_key"))
	case v != nil && v.Mode.Encrypted() && v.Good():
		return ok(say("平台加密的消息可以打开", "what the platform encrypts opens"))
	}
	return off(say("还没有加密消息来过，看不出来", "not known before an encrypted message has come"), say("发一条消息到公众号", "send the account a message"))
}

// mode compares how the platform sends with how the account wants it.
func (p *patient) mode(ctx context.Context) Finding {
	c := p.link(ctx)
	want := p.a.Mode
	if v := refused(c, callbackd.FlawMode); v != nil {
		return fail(say("平台 %[1]s 发来明文，而账号要求 %[2]s，已拒绝", "the platform sent plain text at %[1]s, the account wants %[2]s: refused", clock(v.At), want),
			say("在平台的服务器配置里把消息加解密方式改为安全模式", "choose safe mode (安全模式) in the platform's server settings"))
	}
	v := c.Platform
	switch {
	case v == nil || v.Mode == "":
		return off(say("还没有消息来过，看不出平台用哪种方式", "not known before a message has come"), say("发一条消息到公众号", "send the account a message"))
	case v.Mode == want:
		return ok(say("平台和账号都用 %s 模式", "the platform and the account both use mode %s", want))
	case want == callbackd.ModePlain && v.Outcome == "unreadable":
		return fail(say("平台用 %s 模式加密，而这里没有密钥", "the platform encrypts (mode %s), and there is no key here", v.Mode), p.set("aes_key, app_id, mode"))
	case want == callbackd.ModePlain:
		return off(say("平台已用 %s 模式，账号还是 plain", "the platform uses mode %s already, the account is still plain", v.Mode), p.set("mode = safe"))
	}
	return off(say("平台用 %[1]s 模式，账号是 %[2]s；可以工作", "the platform uses mode %[1]s, the account %[2]s; that works", v.Mode, want),
		say("在平台的服务器配置里选安全模式", "choose safe mode (安全模式) in the platform's server settings"))
}

// originalID says whether what comes is for this account.
func (p *patient) originalID(ctx context.Context) Finding {
	switch v := p.link(ctx).Platform; {
	case v == nil:
		return off(notSeen, seeThat)
	case v.Outcome == "misdirected":
		return fail(say("平台发来的消息写的是另一个原始 ID，不会上墙", "what the platform sends names another original id, and is not shown"),
			say("核对账号的原始 ID（现在 %s），或检查平台上填的是不是别的账号的地址", "compare the account's original id (now %s), or whether another account was given this address", p.a.OriginalID))
	}
	return ok(say("原始 ID 一致", "the original id is right"))
}
