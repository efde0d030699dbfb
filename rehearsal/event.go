package rehearsal

import (
	"fmt"
	"time"

	"callbackd"
)

// Event is something that a follower does without writing: it is pushed with
// MsgType event and leaves no entry on the operator pages.
type Event struct {
	From   callbackd.FakeID
	Name   string    // subscribe, SCAN, unsubscribe, CLICK …; unknown names are pushed as they are
	Key    *string   // EventKey; nil leaves the element out
	Ticket string    // of a QR with a scene; "" leaves it out
	Extra  string    // more elements, ready-made XML
	At     time.Time // zero: now
}

// EventNames are the events that EventSample knows: all rows of wechat-protocol 2.3.
func EventNames() []string {
	names := make([]string, len(eventSamples))
	for i, s := range eventSamples {
		names[i] = s.name
	}
	return names
}

// EventSample is an event as the platform sends it, with the elements that
// belong to it; subscribe comes in its plain form.
func EventSample(name string, from callbackd.FakeID) Event {
	e := Event{From: from, Name: name}
	for _, s := range eventSamples {
		if s.name == name {
			if s.hasKey {
				key := s.key
				e.Key = &key
			}
			e.Ticket, e.Extra = s.ticket, s.extra
		}
	}
	return e
}

// SubscribeByScene is a follow through a QR with a scene.
func SubscribeByScene(from callbackd.FakeID, scene, ticket string) Event {
	key := "qrscene_" + scene
	return Event{From: from, Name: "subscribe", Key: &key, Ticket: ticket}
}

// ScanScene is the scan of a QR with a scene by somebody who follows already.
func ScanScene(from callbackd.FakeID, scene, ticket string) Event {
	return Event{From: from, Name: "SCAN", Key: &scene, Ticket: ticket}
}

// Act lets an event happen (a follow makes a follower) and returns its push,
// which is sent with Send. Somebody who never followed can only subscribe.
func (a *Account) Act(e Event) (Payload, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	at := e.At
	if at.IsZero() {
		at = a.p.now()
	}
	if e.Name == "subscribe" {
		if _, err := a.followLocked(e.From, at); err != nil {
			return Payload{}, err
		}
	}
	c := a.contacts[e.From]
	if c == nil {
		return Payload{}, fmt.Errorf("act: not a follower: %w", callbackd.ErrForbidden)
	}
	switch e.Name {
	case "unsubscribe":
		c.following, c.windows = false, nil
	case "subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg":
		c.openWindow(windowClick, at, false)
	}
	x := a.openXML(a.Config.OriginalID, c.openID, at.Truncate(time.Second), "event")
	x.text("Event", e.Name)
	if e.Key != nil {
		x.text("EventKey", *e.Key)
	}
	if e.Ticket != "" {
		x.text("Ticket", e.Ticket)
	}
	x.raw(e.Extra)
	return Payload{XML: x.close(), Number: e.From, OpenID: c.openID, CreatedAt: at.Truncate(time.Second), Event: e.Name}, nil
}

type eventSample struct {
	name   string
	hasKey bool
	key    string
	ticket string
	extra  string
}

var eventSamples = []eventSample{
	{name: "subscribe", hasKey: true},
	{name: "SCAN", hasKey: true, key: "1001", ticket: "gQH47joAAAAAAAAAASxodHRwOi8vd2VpeGluLnFxLmNvbS9xL2tR"},
	{name: "unsubscribe", hasKey: true},
	{name: "LOCATION", extra: "<Latitude>30.546900</Latitude>\n<Longitude>114.297600</Longitude>\n<Precision>40.000000</Precision>\n"},
	{name: "CLICK", hasKey: true, key: "V1001_TODAY"},
	{name: "VIEW", hasKey: true, key: "https://www.example.com/live", extra: "<MenuId>405123987</MenuId>\n"},
	{name: "scancode_push", hasKey: true, key: "scan_push", extra: scanInfo},
	{name: "scancode_waitmsg", hasKey: true, key: "scan_wait", extra: scanInfo},
	{name: "pic_sysphoto", hasKey: true, key: "photo", extra: picsInfo},
	{name: "pic_photo_or_album", hasKey: true, key: "photo_or_album", extra: picsInfo},
	{name: "pic_weixin", hasKey: true, key: "album", extra: picsInfo},
	{name: "location_select", hasKey: true, key: "place", extra: "<SendLocationInfo><Location_X><![CDATA[30.5469]]></Location_X>\n<Location_Y><![CDATA[114.2976]]></Location_Y>\n<Scale><![CDATA[15]]></Scale>\n<Label><![CDATA[黄鹤楼]]></Label>\n<Poiname><![CDATA[]]></Poiname>\n</SendLocationInfo>\n"},
	{name: "view_miniprogram", hasKey: true, key: "pages/index/index", extra: "<MenuId>405123988</MenuId>\n"},
	{name: "TEMPLATESENDJOBFINISH", extra: "<MsgID>200163836</MsgID>\n<Status><![CDATA[failed:user block]]></Status>\n"},
	{name: "MASSSENDJOBFINISH", extra: "<MsgID>1988</MsgID>\n<Status><![CDATA[sendsuccess]]></Status>\n<TotalCount>100</TotalCount>\n<FilterCount>80</FilterCount>\n<SentCount>75</SentCount>\n<ErrorCount>5</ErrorCount>\n<CopyrightCheckResult><Count>0</Count>\n<ResultList></ResultList>\n<CheckState>2</CheckState>\n</CopyrightCheckResult>\n"},
	{name: "subscribe_msg_popup_event", extra: popup("SubscribeMsgPopupEvent")},
	{name: "subscribe_msg_change_event", extra: popup("SubscribeMsgChangeEvent")},
	{name: "subscribe_msg_sent_event", extra: "<SubscribeMsgSentEvent><List><TemplateId><![CDATA[t1]]></TemplateId>\n<MsgID>1700827132819554304</MsgID>\n<ErrorCode>0</ErrorCode>\n<ErrorStatus><![CDATA[success]]></ErrorStatus>\n</List>\n</SubscribeMsgSentEvent>\n"},
	{name: "kf_create_session", extra: "<KfAccount><![CDATA[desk1@crowd]]></KfAccount>\n"},
	{name: "kf_close_session", extra: "<KfAccount><![CDATA[desk1@crowd]]></KfAccount>\n"},
	{name: "kf_switch_session", extra: "<FromKfAccount><![CDATA[desk1@crowd]]></FromKfAccount>\n<ToKfAccount><![CDATA[desk2@crowd]]></ToKfAccount>\n"},
	{name: "PUBLISHJOBFINISH", extra: "<PublishEventInfo><publish_id>2247503051</publish_id>\n<publish_status>0</publish_status>\n<article_id><![CDATA[b5O2OUs25HBxRceL7hfReg]]></article_id>\n<article_detail><count>1</count>\n<item><idx>1</idx>\n<article_url><![CDATA[https://www.example.com/s/1]]></article_url>\n</item>\n</article_detail>\n</PublishEventInfo>\n"},
	{name: "user_info_modified", extra: revokeInfo},
	{name: "user_authorization_revoke", extra: revokeInfo},
	{name: "user_authorization_cancellation", extra: revokeInfo},
}

const (
	scanInfo   = "<ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType>\n<ScanResult><![CDATA[2]]></ScanResult>\n</ScanCodeInfo>\n"
	picsInfo   = "<SendPicsInfo><Count>1</Count>\n<PicList><item><PicMd5Sum><![CDATA[1b5f7c23b5bf75682a53e7b6d163e185]]></PicMd5Sum>\n</item>\n</PicList>\n</SendPicsInfo>\n"
	revokeInfo = "<OpenID><![CDATA[]]></OpenID>\n<RevokeInfo><![CDATA[1]]></RevokeInfo>\n"
)

// popup has two List elements: receivers that keep the last one lose the first.
func popup(name string) string {
	item := func(id, status string) string {
		return "<List><TemplateId><![CDATA[" + id + "]]></TemplateId>\n<SubscribeStatusString><![CDATA[" + status + "]]></SubscribeStatusString>\n<PopupScene>2</PopupScene>\n</List>\n"
	}
	return "<" + name + ">" + item("t1", "accept") + item("t2", "reject") + "</" + name + ">\n"
}
