package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"callbackd"
)

// Bounds of temporary QR codes, by the platform's documents.
const (
	maxQRExpire = 30 * 24 * time.Hour
	maxScene    = 64 // characters
)

// QR is a code that makes whoever scans it a follower.
type QR struct {
	URL       string    // what the code says
	Picture   string    // where the platform draws it; without a token
	ExpiresAt time.Time // after this it leads nowhere
}

// CreateQR makes a temporary QR code with a scene of 1–64 characters, which
// comes back in the EventKey of subscribe and SCAN. expire is cut to 30 days.
// Only verified service accounts may: see IsNoPermission.
func (c *Client) CreateQR(ctx context.Context, acc *callbackd.Account, scene string, expire time.Duration) (QR, error) {
	const path = "/cgi-bin/qrcode/create"
	if n := utf8.RuneCountInString(scene); n < 1 || n > maxScene {
		return QR{}, fmt.Errorf("wechat %s: scene of %d characters: %w", path, n, callbackd.ErrInvalid)
	}
	if expire < time.Second {
		return QR{}, fmt.Errorf("wechat %s: expires in %s: %w", path, expire, callbackd.ErrInvalid)
	}
	seconds := int64(min(expire, maxQRExpire) / time.Second)
	type sceneJSON struct {
		Str string `json:"scene_str"`
	}
	type infoJSON struct {
		Scene sceneJSON `json:"scene"`
	}
	body := struct {
		ExpireSeconds int64    `json:"expire_seconds"`
		ActionName    string   `json:"action_name"`
		ActionInfo    infoJSON `json:"action_info"`
	}{seconds, "QR_STR_SCENE", infoJSON{sceneJSON{scene}}}
	var answer struct {
		Ticket        string `json:"ticket"`
		ExpireSeconds int64  `json:"expire_seconds"`
		URL           string `json:"url"`
	}
	start := c.now()
	if err := c.call(ctx, acc, request{path: path, body: body}, &answer); err != nil {
		return QR{}, err
	}
	if answer.Ticket == "" || !isWebURL(answer.URL) {
		return QR{}, fmt.Errorf("wechat %s: %w", path, ErrAnswer)
	}
	if answer.ExpireSeconds > 0 {
		seconds = min(seconds, answer.ExpireSeconds)
	}
	return QR{
		URL:       answer.URL,
		Picture:   c.mp + "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(answer.Ticket),
		ExpiresAt: start.Add(time.Duration(seconds) * time.Second),
	}, nil
}

// Follower is what the API tells of an openID. Since 2021-12-27 names and
// pictures are empty, which means unknown.
type Follower struct {
	Profile   callbackd.Profile
	AvatarURL string // headimgurl; dies when the person changes it
	Subscribe bool   // follows the account now
}

// UserInfo asks for a follower of the account. Somebody who does not follow
// has an empty profile.
func (c *Client) UserInfo(ctx context.Context, acc *callbackd.Account, openID callbackd.OpenID) (Follower, error) {
	r := request{
		path:    "/cgi-bin/user/info",
		query:   url.Values{"openid": {string(openID)}, "lang": {"zh_CN"}},
		secrets: []string{string(openID)},
	}
	var answer struct {
		Subscribe  looseInt `json:"subscribe"`
		Nickname   string   `json:"nickname"`
		Sex        looseInt `json:"sex"`
		City       string   `json:"city"`
		Province   string   `json:"province"`
		Country    string   `json:"country"`
		HeadImgURL string   `json:"headimgurl"`
	}
	if err := c.call(ctx, acc, r, &answer); err != nil {
		return Follower{}, err
	}
	tidy := func(s string) string { return strings.TrimSpace(clean([]byte(s))) }
	f := Follower{Subscribe: answer.Subscribe == 1, Profile: callbackd.Profile{
		Nickname: tidy(answer.Nickname),
		Country:  tidy(answer.Country),
		Province: tidy(answer.Province),
		City:     tidy(answer.City),
	}}
	if g := callbackd.Gender(answer.Sex); g == callbackd.GenderMale || g == callbackd.GenderFemale {
		f.Profile.Gender = g
	}
	if isWebURL(answer.HeadImgURL) {
		f.AvatarURL = answer.HeadImgURL
	}
	return f, nil
}

// CallbackIPs lists the addresses from which the platform sends callbacks;
// single ones are ranges of one. Entries that are no address are left out.
func (c *Client) CallbackIPs(ctx context.Context, acc *callbackd.Account) ([]netip.Prefix, error) {
	var answer struct {
		List []string `json:"ip_list"`
	}
	if err := c.call(ctx, acc, request{path: "/cgi-bin/getcallbackip"}, &answer); err != nil {
		return nil, err
	}
	var ranges []netip.Prefix
	for _, text := range answer.List {
		text = strings.TrimSpace(text)
		if p, err := netip.ParsePrefix(text); err == nil {
			ranges = append(ranges, p.Masked())
		} else if a, err := netip.ParseAddr(text); err == nil {
			ranges = append(ranges, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return ranges, nil
}

// looseInt is a number that may come as a string; anything else is 0, for a
// field that is not needed must not cost the answer.
type looseInt int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *looseInt) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil {
		text = string(b)
	}
	v, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		v = 0
	}
	*n = looseInt(v)
	return nil
}
