package rehearsal

import (
	"fmt"
	"time"

	"callbackd"
)

// Template is a template that an account has.
type Template struct {
	ID       string
	Keys     []string // its fields, all of which need a value; nil: any, none needed
	Disabled bool     // by the platform: 43116
}

// SentTemplate is a template message that the account sent and the platform took.
type SentTemplate struct {
	OpenID   callbackd.OpenID
	Number   callbackd.FakeID
	Template string
	URL      string
	Data     map[string]string // value of each field
	MsgID    int64
	JSON     []byte // as it came
	At       time.Time
}

// What TEMPLATESENDJOBFINISH says of a template message (wechat-protocol 2.3).
const (
	TemplateArrived = "success"
	TemplateBlocked = "failed:user block"
	TemplateFailed  = "failed: system failed"
)

const (
	templatesPerDay = 100_000
	quotaTemplate   = "template"
)

// SentTemplates lists the template messages so far, oldest first.
func (a *Account) SentTemplates() []SentTemplate {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	return append([]SentTemplate(nil), a.templates...)
}

// TemplateFinish is the event with which the platform says, some time after it
// took a template message, what became of it.
func (a *Account) TemplateFinish(msgID int64, status string) (Event, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	for _, sent := range a.templates {
		if sent.MsgID == msgID {
			return Event{From: sent.Number, Name: "TEMPLATESENDJOBFINISH",
				Extra: fmt.Sprintf("<MsgID>%d</MsgID>\n<Status><![CDATA[%s]]></Status>\n", msgID, status)}, nil
		}
	}
	return Event{}, fmt.Errorf("finish template message: %w", callbackd.ErrNotFound)
}

// templateCall is what message/template/send brings.
type templateCall struct {
	To       callbackd.OpenID `json:"touser"`
	Template string           `json:"template_id"`
	URL      string           `json:"url"`
	Data     map[string]struct {
		Value string `json:"value"`
	} `json:"data"`
}

// postTemplate is message/template/send (wechat-protocol 3.10).
func postTemplate(c *call) {
	var q templateCall
	if c.refuseUnverified() || !c.decode(&q) {
		return
	}
	c.p.mu.Lock()
	id, code, msg := c.a.sendTemplateLocked(q, c.body)
	c.p.mu.Unlock()
	if code != 0 {
		c.fail(code, msg)
		return
	}
	c.answer(map[string]any{"errcode": 0, "errmsg": "ok", "msgid": id})
}

func (a *Account) sendTemplateLocked(q templateCall, body []byte) (id int64, code int, msg string) {
	no := func(code int) (int64, int, string) { return 0, code, errorText(code, "") }
	t := a.Config.API.template(q.Template)
	k := a.byOpenID[q.To]
	switch {
	case k == nil:
		return no(40003)
	case t == nil:
		return no(40037)
	case t.Disabled:
		return no(43116)
	case !k.following:
		return no(43004)
	case k.refusal != 0:
		return no(k.refusal)
	}
	for _, key := range t.Keys {
		if q.Data[key].Value == "" {
			return 0, 47003, "argument invalid! data." + key + ".value is empty"
		}
	}
	quota := a.Config.API.TemplatesPerDay
	if quota == 0 {
		quota = templatesPerDay
	}
	if !a.tokens.take(quotaTemplate, dayFormat, quota, a.p.now()) {
		return no(45009)
	}
	sent := SentTemplate{OpenID: q.To, Number: k.person.Number, Template: q.Template, URL: q.URL, Data: map[string]string{}, JSON: body, At: a.p.now()}
	for key, v := range q.Data {
		sent.Data[key] = v.Value
	}
	sent.MsgID = int64(number(a.p.opts.Seed, "template", a.Config.OriginalID, len(a.templates)) >> 2) // more than a float holds
	a.templates = append(a.templates, sent)
	return sent.MsgID, 0, ""
}

func (c *APIConfig) template(id string) *Template {
	for i := range c.Templates {
		if c.Templates[i].ID == id {
			return &c.Templates[i]
		}
	}
	return nil
}
