package mpweb

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"callbackd"
)

// Day narrows a message page. The platform keeps the last five days.
type Day int

const (
	DayAll       Day = iota // everything that is kept
	DayToday                // by the platform's clock
	DayYesterday            //
	DayBefore               // the day before yesterday
	DayEarlier              // what is older
)

// param is the number that the platform knows this day by.
func (d Day) param() string {
	if d < DayToday || d > DayEarlier {
		return "7"
	}
	return strconv.Itoa(int(d) - 1)
}

// PageQuery says which part of the message list is wanted.
type PageQuery struct {
	Count  int    // entries, at most 100; 0: 20
	FromID uint64 // begin at this entry and go to older ones; 0: at the newest
	Day    Day
}

const contactsPerPage = 100

// Cursor is a place in the follower list; the zero value is its beginning.
type Cursor struct {
	size    int    // lines of the first page: fewer than asked where the platform gives fewer
	page    int    // dialect 2014
	openID  string // dialect 2016: the last one seen, with created
	created int64
}

func messageListPath(s *session) string {
	return "/cgi-bin/message?t=message/list&count=20&day=7&token=" + s.token + "&lang=zh_CN"
}

func homePath(s *session) string {
	return "/cgi-bin/home?t=home/index&lang=zh_CN&token=" + s.token
}

func homeRequest(s *session) request {
	return request{page: "home", path: "/cgi-bin/home?t=home/index", referer: "/"}.standard(s)
}

// LoggedIn makes sure that the account is logged in: it reads the home page,
// logging in by password where that is needed.
func (c *Client) LoggedIn(ctx context.Context, acc *callbackd.Account) error {
	a, err := c.fetch(ctx, acc, homeRequest)
	if err != nil {
		return err
	}
	h, err := ParseHome(a.body)
	if err != nil {
		return a.explain("home", err)
	}
	return c.rememberUIN(ctx, acc, h.UIN)
}

// rememberUIN keeps the account's own FakeID with the session.
func (c *Client) rememberUIN(ctx context.Context, acc *callbackd.Account, uin string) error {
	g := c.gate(acc.ID)
	if err := g.enter(ctx); err != nil {
		return err
	}
	defer g.leave()
	s, err := c.load(ctx, acc)
	if err != nil || uin == "" || s.uin == uin || s.state != SessionOK {
		return err
	}
	s.uin = uin
	return c.save(ctx, acc, s)
}

// MessagePage reads a part of the message list, newest first.
func (c *Client) MessagePage(ctx context.Context, acc *callbackd.Account, q PageQuery) ([]Entry, error) {
	count := 20
	if q.Count > 0 {
		count = min(q.Count, 100)
	}
	uin := ""
	a, err := c.fetch(ctx, acc, func(s *session) request {
		uin = s.uin
		query := url.Values{"t": {"message/list"}, "count": {strconv.Itoa(count)}, "day": {q.Day.param()}}
		if q.FromID > 0 {
			query.Set("frommsgid", strconv.FormatUint(q.FromID, 10))
		}
		return request{page: "messages", path: "/cgi-bin/message", query: query, referer: homePath(s), ajax: true}.standard(s)
	})
	if err != nil {
		return nil, err
	}
	entries, err := ParseMessages(a.body, uin)
	return entries, a.explain("messages", err)
}

// Dialog reads all messages to and from one person that the platform keeps.
func (c *Client) Dialog(ctx context.Context, acc *callbackd.Account, id callbackd.FakeID) ([]Entry, error) {
	uin := ""
	a, err := c.fetch(ctx, acc, func(s *session) request {
		uin = s.uin
		query := url.Values{"t": {"message/send"}, "action": {"index"}, "tofakeid": {string(id)}}
		return request{page: "dialog", path: "/cgi-bin/singlesendpage", query: query, referer: messageListPath(s), ajax: true}.standard(s)
	})
	if err != nil {
		return nil, err
	}
	entries, err := ParseDialog(a.body, uin)
	return entries, a.explain("dialog", err)
}

// Contacts reads one page of the follower list, newest follower first. next is
// where the following page begins; more is false on the last one.
func (c *Client) Contacts(ctx context.Context, acc *callbackd.Account, at Cursor) (contacts []Contact, next Cursor, more bool, err error) {
	is2016 := acc.MPWeb != nil && acc.MPWeb.Dialect == callbackd.Dialect2016
	build, parse := contacts2014(at), ParseContacts2014
	if is2016 {
		build, parse = contacts2016(at), ParseContacts2016
	}
	a, err := c.fetch(ctx, acc, build)
	if err != nil {
		return nil, at, false, err
	}
	contacts, err = parse(a.body)
	if err != nil {
		return nil, at, false, a.explain("contacts", err)
	}
	if len(contacts) == 0 {
		return contacts, at, false, nil
	}
	next = Cursor{size: at.size, page: at.page + 1}
	if is2016 {
		last := contacts[len(contacts)-1]
		next = Cursor{size: at.size, openID: string(last.OpenID)}
		if !last.CreatedAt.IsZero() {
			next.created = last.CreatedAt.Unix()
		}
	}
	if next.size == 0 {
		next.size = len(contacts)
	}
	return contacts, next, next != at && mayHaveMore(len(contacts), at.size), nil
}

// mayHaveMore judges by the length of a page whether another one follows. A
// platform that gives fewer lines than were asked for does so in a round
// number, and in the same one each time; an empty page is the end anyway.
func mayHaveMore(lines, first int) bool {
	if first == 0 {
		return lines >= contactsPerPage || lines%10 == 0
	}
	return lines >= first
}

func contacts2014(at Cursor) func(*session) request {
	return func(s *session) request {
		query := url.Values{
			"t": {"user/index"}, "pagesize": {strconv.Itoa(contactsPerPage)},
			"pageidx": {strconv.Itoa(at.page)}, "type": {"0"},
		}
		return request{page: "contacts", path: "/cgi-bin/contactmanage", query: query, referer: homePath(s), ajax: true}.standard(s)
	}
}

func contacts2016(at Cursor) func(*session) request {
	return func(s *session) request {
		query := url.Values{
			"action": {"get_user_list"}, "groupid": {"-2"}, "begin_openid": {"-1"}, "begin_create_time": {"-1"},
			"limit": {strconv.Itoa(contactsPerPage)}, "offset": {"0"}, "backfoward": {"1"}, // sic
		}
		if at.openID != "" {
			query.Set("begin_openid", at.openID)
			query.Set("begin_create_time", strconv.FormatInt(at.created, 10))
		}
		return request{page: "contacts", path: "/cgi-bin/user_tag", query: query, referer: userTagPath(s), ajax: true}.standard(s)
	}
}

func userTagPath(s *session) string {
	return "/cgi-bin/user_tag?action=get_all_data&lang=zh_CN&token=" + s.token
}

// Card reads what the operator sees of one person. ErrUnfollowed or ErrNoCard
// where the platform shows none.
func (c *Client) Card(ctx context.Context, acc *callbackd.Account, id callbackd.FakeID) (*Card, error) {
	build, parse := card2014(id), ParseCard2014
	if acc.MPWeb != nil && acc.MPWeb.Dialect == callbackd.Dialect2016 {
		build, parse = card2016(id), ParseCard2016
	}
	a, err := c.fetch(ctx, acc, build)
	if err != nil {
		return nil, err
	}
	card, err := parse(a.body)
	if err != nil {
		return nil, a.explain("card", err)
	}
	if card.FakeID != id {
		return nil, fmt.Errorf("read page card: it is another person's: %w", ErrUnreadable)
	}
	return card, nil
}

func card2014(id callbackd.FakeID) func(*session) request {
	return func(s *session) request {
		form := url.Values{"t": {"ajax-getcontactinfo"}, "fakeid": {string(id)}}
		return request{page: "card", path: "/cgi-bin/getcontactinfo", form: form, referer: messageListPath(s), ajax: true}.standard(s)
	}
}

func card2016(id callbackd.FakeID) func(*session) request {
	return func(s *session) request {
		form := url.Values{"user_openid": {string(id)}}
		return request{page: "card", path: "/cgi-bin/user_tag?action=get_fans_info", form: form, referer: userTagPath(s), ajax: true}.standard(s)
	}
}

// explain prefers the platform's own ret to "unreadable".
func (a answer) explain(page string, err error) error {
	if err == nil {
		return nil
	}
	if ret, ok := scriptRet(a.body); ok && !looksLikeJSON(a.body) {
		return &AnswerError{Page: page, Ret: ret}
	}
	if !looksLikeJSON(a.body) {
		return err
	}
	var r baseResp
	if decode(trimJSON(a.body), &r) == nil {
		if ret, ok := r.code(); ok && ret != 0 && !isCardAnswer(err) {
			return &AnswerError{Page: page, Ret: ret}
		}
	}
	return err
}
