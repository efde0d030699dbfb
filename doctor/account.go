package doctor

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"callbackd"
	"callbackd/mpweb"
	"callbackd/wechat"
)

func name(a *callbackd.Account, check string) string { return string(a.Slug) + "/" + check }

// keys looks at what the account must have for its mode.
func (d *Doctor) keys(_ context.Context, a *callbackd.Account) Finding {
	f := Finding{Check: name(a, "keys"), Level: OK, Text: "消息加解密方式 " + string(a.Mode) + "，密钥齐全 · keys for mode " + string(a.Mode) + " are there"}
	switch {
	case a.Token == "":
		f.Level, f.Text, f.Fix = Fail, "没有 Token · no token", `callbackd account set `+string(a.Slug)+` --from - with {"token": "…"}`
	case a.Mode.Encrypted() && (a.AESKey == "" || a.AppID == ""):
		f.Level, f.Text, f.Fix = Fail, "加密模式缺少 AESKey 或 AppID · mode "+string(a.Mode)+" lacks aes_key or app_id", "callbackd account set "+string(a.Slug)+" --from - with both"
	case !a.Mode.Encrypted():
		f.Level = Off
		f.Text = "明文模式：地址泄露后可被伪造，建议安全模式 · plain mode: who learns one address can forge messages; prefer safe mode"
	}
	return f
}

// callback asks our own public address as the platform does when the operator
// saves the settings.
func (d *Doctor) callback(ctx context.Context, a *callbackd.Account) Finding {
	f := Finding{Check: name(a, "callback")}
	echo, nonce, stamp := rand.Text(), rand.Text()[:10], strconv.FormatInt(time.Now().Unix(), 10)
	parts := []string{a.Token.Reveal(), stamp, nonce}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	u := d.PublicURL.JoinPath("callback", string(a.Slug))
	u.RawQuery = url.Values{"signature": {hex.EncodeToString(sum[:])}, "timestamp": {stamp}, "nonce": {nonce}, "echostr": {echo}}.Encode()
	body, err := d.ask(ctx, u.String())
	u.RawQuery = ""
	switch {
	case err != nil:
		f.Level, f.Text = Fail, "回调地址没有通过自检 · the callback address fails its check: "+err.Error()
		f.Fix = "make " + u.String() + " reach callbackd without a redirect, then save it on the platform"
	case body != echo:
		f.Level, f.Text, f.Fix = Fail, "回调地址返回了别的内容 · something changes the answer of the callback address", "let the proxy pass the body as it is"
	default:
		f.Level, f.Text = OK, "回调地址可用 · paste this on the platform: "+u.String()
	}
	return f
}

// notListed are the platform's words for an address that is not, or not yet, on
// the account's whitelist.
var notListed = []int{40164, 89501, 89503, 89506, 89507}

// token gets an access token, which needs AppID, AppSecret and the IP whitelist.
func (d *Doctor) token(ctx context.Context, a *callbackd.Account) Finding {
	f := Finding{Check: name(a, "token"), Level: OK, Text: "官方接口可用 · the official API gives a token"}
	if !a.HasAPI() {
		f.Level = Off
		f.Text = "没有 AppSecret：不用官方接口取媒体和带参数二维码 · no app_secret: media and scene QR do not come by the official API"
		return f
	}
	_, err := d.WeChat.Token(ctx, a)
	var api *wechat.APIError
	switch {
	case err == nil:
	case errors.As(err, &api) && slices.Contains(notListed, api.Code):
		f.Level, f.Text = Fail, "本机 IP 不在白名单 · this server's address is not whitelisted: "+api.Message
		f.Fix = "add the address in that line to the IP whitelist of the account (设置与开发 → 基本配置 → IP白名单)"
	case errors.As(err, &api):
		f.Level, f.Text = Fail, "官方接口拒绝 · the official API refuses: "+err.Error()
		f.Fix = "check app_id and app_secret with callbackd account set " + string(a.Slug)
	default:
		f.Level, f.Text, f.Fix = Fail, "官方接口连不上 · the official API is not reached: "+err.Error(), "check the network, DNS and --wechat-api-url"
	}
	return f
}

// operatorPages logs in to the operator pages where the account has them.
func (d *Doctor) operatorPages(ctx context.Context, a *callbackd.Account) Finding {
	f := Finding{Check: name(a, "mpweb"), Level: OK, Text: "公众平台后台已登录 · logged in to the operator pages"}
	if a.MPWeb == nil {
		f.Level = Off
		f.Text = "不使用公众平台后台：发言者显示化名和手绘头像 · operator pages are not used: people appear by pseudonym and drawn face"
		return f
	}
	err := d.MPWeb.LoggedIn(ctx, a)
	var human *mpweb.NeedsHumanError
	var quiet *mpweb.FrequencyError
	switch {
	case err == nil:
	case errors.As(err, &human):
		f.Level, f.Text = Fail, "登录需要人来完成 · the login needs a human: "+human.Reason
		f.Fix = "callbackd account login " + string(a.Slug)
		if human.Reason == mpweb.ReasonPassword {
			f.Fix = "correct mpweb.username and mpweb.password with callbackd account set " + string(a.Slug) + ", or: " + f.Fix
		}
	case errors.As(err, &quiet):
		f.Level, f.Text, f.Fix = Fail, "平台限制了访问频率 · "+err.Error(), "wait; callbackd goes on by itself"
	default:
		f.Level, f.Text, f.Fix = Fail, "后台页面读不到 · the operator pages are not read: "+err.Error(), "check the network and --wechat-mp-url, then callbackd account login "+string(a.Slug)
	}
	return f
}

// join says where the join QR comes from, as the wall chooses.
func (d *Doctor) join(ctx context.Context, a *callbackd.Account) Finding {
	f := Finding{Check: name(a, "join"), Level: OK}
	code, err := d.DB.GetJoinCode(ctx, a.ID)
	alive := err == nil && (code.ExpiresAt.IsZero() || code.ExpiresAt.After(d.DB.Now()))
	switch {
	case err != nil && !errors.Is(err, callbackd.ErrNotFound):
		f.Level, f.Text, f.Fix = Fail, "二维码读不到 · the join code is not read: "+err.Error(), "check the database"
	case alive && code.Source == "api":
		f.Text = "二维码来自官方接口 · the join QR is a scene code of the API"
	case a.JoinURL != "":
		f.Text = "二维码用 join_url · the join QR says join_url"
	case alive:
		f.Text = "二维码来自后台 · the join QR is the account's own, from the operator pages"
	case a.HasAPI() || a.MPWeb != nil:
		f.Level, f.Text = Off, "还没有二维码，服务器运行后会去取 · no join QR yet: serve gets one where the account may have it; until then the wall asks to search for the name"
	default:
		f.Level, f.Text = Off, "没有二维码：页面请人搜索公众号名称 · no join QR: the wall asks to search for the account's name; set join_url, app_secret or mpweb"
	}
	return f
}

func (d *Doctor) moderation(_ context.Context, a *callbackd.Account) Finding {
	f := Finding{Check: name(a, "moderation"), Level: OK, Text: "先审后发 · a moderator passes everything"}
	switch a.Moderation {
	case callbackd.ModerationAuto:
		f.Text = "熟人的文字直接上墙，其余先审 · plain words of known senders pass, a moderator passes the rest"
	case callbackd.ModerationOpen:
		f.Level, f.Text = Off, "不审核：所有消息直接上墙 · no moderation: everything goes on the wall at once"
	}
	return f
}
