package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"callbackd"
)

// Permission is something that an account may be allowed to do by the official API.
type Permission string

const (
	MayMedia    Permission = "media"    // fetch what followers sent
	MayProfile  Permission = "profile"  // ask for a follower
	MaySend     Permission = "send"     // customer-service messages
	MayQR       Permission = "qr"       // QR codes with a scene
	MayTemplate Permission = "template" // template messages
)

// nobody is no id of anybody or anything: an openID begins with o and has 28
// characters, a media id 64.
const nobody = "callbackd-doctor"

// probe is a call that cannot change anything, because what it is about does not
// exist, and the errors by which the platform says so. The permission is looked
// at before.
type probe struct {
	request request
	none    []int
}

// probes makes the call of a permission.
func probes(p Permission) (probe, bool) {
	type object map[string]any
	message := object{"touser": nobody, "msgtype": "text", "text": object{"content": "-"}}
	template := object{"touser": nobody, "template_id": nobody, "data": object{}}
	scene := object{"expire_seconds": 60, "action_name": "QR_" + nobody, "action_info": object{}}
	switch p {
	case MayMedia:
		return probe{request{path: "/cgi-bin/media/get", query: url.Values{"media_id": {nobody}}}, []int{40007}}, true
	case MayProfile:
		return probe{request{path: "/cgi-bin/user/info", query: url.Values{"openid": {nobody}}}, []int{40003}}, true
	case MaySend:
		return probe{request{path: "/cgi-bin/message/custom/send", body: message}, []int{40003}}, true
	case MayQR:
		// 40053: no such action; 40052, 47001: what the action would be about
		return probe{request{path: "/cgi-bin/qrcode/create", body: scene}, []int{40053, 40052, 47001}}, true
	case MayTemplate:
		return probe{request{path: "/cgi-bin/message/template/send", body: template}, []int{40003, 40037}}, true
	}
	return probe{}, false
}

// Probe asks whether an account has a permission, by a call about nobody that
// changes nothing and reaches nobody. nil: it has; else an error, of which
// IsNotAllowed says whether it is the permission that is missing.
func (c *Client) Probe(ctx context.Context, acc *callbackd.Account, p Permission) error {
	call, ok := probes(p)
	if !ok {
		return fmt.Errorf("probe %q: %w", p, callbackd.ErrInvalid)
	}
	var answer struct{}
	err := c.call(ctx, acc, call.request, &answer)
	if hasCode(err, call.none...) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("wechat %s: %w", call.request.path, ErrAnswer)
	}
	return err
}

// IsNotAllowed reports that the account lacks the permission for a call.
func IsNotAllowed(err error) bool {
	return hasCode(err,
		48001, // api unauthorized
		48004, // api forbidden: banned
		50001, // user unauthorized
		50002, // user limited
	)
}

// IsNotListed reports that our address is not, or not yet, on the account's IP
// whitelist.
func IsNotListed(err error) bool { return hasCode(err, 40164, 89501, 89503, 89506, 89507) }

// RefusedAddress is our own address as the platform sees it, out of the error
// that refuses it; the zero Addr where the error names none. An IPv4 address is
// preferred: the whitelist takes these.
func RefusedAddress(err error) netip.Addr {
	var e *APIError
	var found netip.Addr
	if !errors.As(err, &e) || !IsNotListed(err) {
		return found
	}
	for _, word := range strings.FieldsFunc(e.Message, func(r rune) bool { return r == ' ' || r == ',' }) {
		a, err := netip.ParseAddr(strings.TrimSuffix(word, "."))
		if err == nil && (!found.IsValid() || found.Is6() && a.Unmap().Is4()) {
			found = a.Unmap()
		}
	}
	return found
}

// TryToken asks the platform for the account's access token although we may
// have one: to see whether it gives one to this machine now. It replaces none.
func (c *Client) TryToken(ctx context.Context, acc *callbackd.Account) error {
	if !acc.HasAPI() {
		return ErrNoAPI
	}
	_, _, err := c.fetchToken(ctx, acc, false)
	return err
}

// Clock is the platform's clock, by the Date of an answer to a call that needs
// no token, and our own at the same moment. Both are exact to about a second.
func (c *Client) Clock(ctx context.Context) (platform, ours time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.callTimeout)
	defer cancel()
	r := request{path: "/cgi-bin/getcallbackip"}
	start := c.now()
	resp, err := c.send(ctx, r)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	defer resp.Body.Close()
	platform, err = http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("wechat %s: no Date: %w", r.path, ErrAnswer)
	}
	// Date is cut to the second; the answer was made halfway between
	return platform.Add(500 * time.Millisecond), start.Add(c.now().Sub(start) / 2), nil
}
