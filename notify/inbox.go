package notify

import (
	"context"
	"time"

	"callbackd"
	"callbackd/store"
	"callbackd/wall"
)

// Inbox is a page of a follower's notices, newest first.
type Inbox struct {
	Unread  int           `json:"unread"` // of all notices, not of the page; 1,000 stands for that or more
	Notices []InboxNotice `json:"notices"`
}

// InboxNotice is one notice as its follower reads it: with what the gate lets
// through now, whatever the alert was allowed to show, why it came, or did not,
// and what became of it.
type InboxNotice struct {
	Notice  callbackd.NoticeID `json:"nid"`
	Seq     int64              `json:"seq"`
	Account callbackd.Slug     `json:"account"`
	Level   callbackd.Level    `json:"level"`
	Title   string             `json:"title"`
	Body    string             `json:"body"`
	URL     string             `json:"url"` // a path on this server
	Reason  callbackd.Reason   `json:"reason"`
	Why     Wording            `json:"why"`
	At      string             `json:"at"` // RFC 3339
	Read    bool               `json:"read"`
	Message callbackd.PublicID `json:"message,omitempty"` // absent: of none, a test
	Trail   []TrailEntry       `json:"trail"`
}

// Wording is a key of the trail with its words.
type Wording struct {
	Key Key    `json:"key"`
	ZH  string `json:"zh"`
	EN  string `json:"en"`
}

// TrailEntry is one thing that happened to a notice.
type TrailEntry struct {
	At string `json:"at"` // RFC 3339
	Wording
	Device       string              `json:"device,omitempty"` // as its follower calls it
	Transport    callbackd.Transport `json:"transport,omitempty"`
	How          callbackd.How       `json:"how,omitempty"`
	VendorStatus int                 `json:"vendor_status,omitempty"`
}

// Inbox returns notices of the follower whom a viewer is bound to; before is one
// of them, empty for the newest.
func (s *Service) Inbox(ctx context.Context, v callbackd.Viewer, before callbackd.NoticeID, limit int) (Inbox, error) {
	out := Inbox{Notices: []InboxNotice{}}
	from := int64(0)
	if before != "" {
		n, err := s.noticeOf(ctx, v, before)
		if err != nil {
			return out, callbackd.Public(callbackd.ErrInvalid, "before is the nid of one of your notices", err)
		}
		from = n.ID
	}
	all, err := s.DB.ListNotices(ctx, v.Sender, from, limit)
	if err != nil {
		return out, err
	}
	if out.Unread, err = s.DB.CountUnread(ctx, v.Sender); err != nil {
		return out, err
	}
	a, err := s.accounts.get(ctx, v.Account)
	if err != nil {
		return out, err
	}
	trails, rows, err := s.about(ctx, all)
	if err != nil {
		return out, err
	}
	for _, n := range all {
		e, err := s.entry(ctx, a, n, rows[n.Message])
		if err != nil {
			return out, err
		}
		for _, line := range trails[n.ID] {
			e.Trail = append(e.Trail, trailEntry(line))
		}
		out.Notices = append(out.Notices, e)
	}
	return out, nil
}

func (s *Service) about(ctx context.Context, all []store.Notice) (map[int64][]store.NoticeEvent, map[callbackd.MessageID]store.Row, error) {
	var ids []int64
	var messages []callbackd.MessageID
	for _, n := range all {
		ids = append(ids, n.ID)
		if n.Message != 0 {
			messages = append(messages, n.Message)
		}
	}
	trails, err := s.DB.ListNoticeEvents(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	list, err := s.DB.ListRowsByID(ctx, messages)
	rows := map[callbackd.MessageID]store.Row{}
	for _, r := range list {
		rows[r.Message.ID] = r
	}
	return trails, rows, err
}

func (s *Service) entry(ctx context.Context, a *callbackd.Account, n store.Notice, row store.Row) (InboxNotice, error) {
	alert, level := Alert{Notice: n.NID, Account: a.Slug, Reason: n.Reason}, callbackd.LevelHint
	var message callbackd.PublicID
	if m, ok := wall.View(row); n.Sort == store.NoticeMessage && ok {
		alert.Seq, alert.Name, alert.Words = m.Seq, m.Sender.Name, m.Text
		if alert.Words == "" {
			alert.Words = Label(m.Kind).ZH
		}
		level, message = callbackd.LevelWords, m.ID
	}
	if n.Sort == store.NoticeCount {
		count, err := s.DB.CountCollapsed(ctx, n.Sender, n.CreatedAt().Add(-time.Second))
		if err != nil {
			return InboxNotice{}, err
		}
		alert.Count = max(1, count)
	}
	f, err := Render(alert, level, BudgetChannel)
	if err != nil {
		return InboxNotice{}, err
	}
	return InboxNotice{Notice: n.NID, Seq: f.Seq, Account: f.Account, Level: f.Level, Title: f.Title, Body: f.Body, URL: f.URL, Reason: n.Reason,
		Why: wording(n.Why), At: n.CreatedAt().Format(time.RFC3339), Read: n.Read(), Message: message, Trail: []TrailEntry{}}, nil
}

func wording(key string) Wording {
	words, _ := Words(Key(key))
	return Wording{Key: Key(key), ZH: words.ZH, EN: words.EN}
}

func trailEntry(e store.NoticeEvent) TrailEntry {
	return TrailEntry{At: e.At().Format(time.RFC3339), Wording: wording(e.Event), Device: e.DeviceName, Transport: e.Transport, How: e.How, VendorStatus: e.VendorStatus}
}

// Test tells one device that notices reach it, by the ways that any notice takes.
func (s *Service) Test(ctx context.Context, v callbackd.Viewer, device callbackd.PublicID) (callbackd.NoticeID, error) {
	d, err := s.DB.GetDevice(ctx, device)
	if err != nil {
		return "", err
	}
	if v.Sender == 0 || d.Sender != v.Sender {
		return "", callbackd.ErrNotFound
	}
	now := s.Now()
	n := newNotice(v.Sender, Chain{Reason: callbackd.ReasonTest, Scope: ScopeOf(d.ID), Expires: now.Add(testLife)}, KeyTest, now)
	return n.ID, s.DB.InsertNotices(ctx, store.Matter{Account: v.Account, Sort: store.NoticeTest}, []store.NewNotice{n})
}
