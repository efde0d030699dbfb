package wechat

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"callbackd"
)

// IsOutsideWindow reports that a follower may not be written to now: they were
// not heard of in time, or the messages which that allows are used up. Their next
// word, scan or menu click opens the window again.
func IsOutsideWindow(err error) bool {
	return hasCode(err,
		45015, // response out of time limit, or not subscribed any more
		45047, // out of response count limit
	)
}

// IsUnreachableFollower reports that no message reaches this openID, and that
// asking again cannot help: not a follower, or unwilling.
func IsUnreachableFollower(err error) bool {
	return hasCode(err,
		40003, // no such openID on this account
		43004, // does not follow
		43019, // on the account's blacklist
		48002, // refuses messages of the account
	)
}

// IsTemplateRefused reports that a template message was not taken for what the
// template is, or because its receiver did not agree to it.
func IsTemplateRefused(err error) bool {
	return hasCode(err,
		40037, // no such template on this account
		43101, // the receiver did not accept it
		43116, // the template is disabled
	)
}

// SendText sends a customer-service message of at most 2,048 bytes. An error
// without an errcode does not say that it was not sent.
func (c *Client) SendText(ctx context.Context, acc *callbackd.Account, openID callbackd.OpenID, text string) error {
	type textJSON struct {
		Content string `json:"content"`
	}
	body := struct {
		To   callbackd.OpenID `json:"touser"`
		Type string           `json:"msgtype"`
		Text textJSON         `json:"text"`
	}{openID, "text", textJSON{text}}
	var answer struct{}
	return c.call(ctx, acc, request{
		path: "/cgi-bin/message/custom/send", body: body, secrets: []string{string(openID)}, words: []string{text},
	}, &answer)
}

// SendTemplate sends a template message with a link and returns its id, which
// comes back in TEMPLATESENDJOBFINISH; empty where the platform named none. An
// error without an errcode does not say that it was not sent.
func (c *Client) SendTemplate(ctx context.Context, acc *callbackd.Account, openID callbackd.OpenID, template callbackd.NoticeTemplate,
	url, title, body string) (string, error) {
	type valueJSON struct {
		Value string `json:"value"`
	}
	data := map[string]valueJSON{}
	for key, text := range map[string]string{template.TitleKey: title, template.BodyKey: body} {
		if key != "" {
			data[key] = valueJSON{templateValue(key, text)}
		}
	}
	r := request{path: "/cgi-bin/message/template/send", secrets: []string{string(openID)}, words: []string{title, body}, body: struct {
		To       callbackd.OpenID     `json:"touser"`
		Template string               `json:"template_id"`
		URL      string               `json:"url,omitempty"`
		Data     map[string]valueJSON `json:"data"`
	}{openID, template.ID, url, data}}
	var answer struct {
		MsgID json.Number `json:"msgid"` // beyond what a float holds
	}
	if err := c.call(ctx, acc, r, &answer); err != nil {
		return "", err
	}
	return answer.MsgID.String(), nil
}

// What a field of a template takes, in characters. Longer ones are refused or
// not shown, by the kind that the field's name begins with.
const (
	maxThing = 20 // of thing1, thing2 …
	maxField = 200
)

// templateValue makes a text fit for a field: one line, not empty, not too long.
func templateValue(key, text string) string {
	text = strings.Join(strings.Fields(clean([]byte(text))), " ")
	if text == "" {
		return "—" // a field without a value has the whole message refused
	}
	most := maxField
	if strings.HasPrefix(key, "thing") {
		most = maxThing
	}
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
