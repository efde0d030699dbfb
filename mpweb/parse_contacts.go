package mpweb

import (
	"encoding/json"
	"regexp"
	"time"

	"callbackd"
)

// Contact is a line of the follower list, newest follower first.
type Contact struct {
	FakeID    callbackd.FakeID
	OpenID    callbackd.OpenID // dialect 2016 only, where it is the FakeID too
	Nickname  string
	CreatedAt time.Time // when the person began to follow; dialect 2016 only
}

var reContacts = regexp.MustCompile(`\{\s*"contacts"\s*:`)

// ParseContacts2014 reads the follower list of dialect 2014 (contactmanage),
// as HTML or as f=json (wechat-protocol.md §4.4).
func ParseContacts2014(body []byte) ([]Contact, error) {
	object, ok := listObject(body, "contact_list", reContacts)
	if !ok {
		return nil, unreadable("contacts")
	}
	var list struct {
		Contacts []json.RawMessage `json:"contacts"`
	}
	if decode(object, &list) != nil {
		return nil, unreadable("contacts")
	}
	contacts := make([]Contact, 0, len(list.Contacts))
	for _, raw := range list.Contacts {
		var c struct {
			ID       word `json:"id"`
			NickName word `json:"nick_name"`
		}
		if json.Unmarshal(raw, &c) != nil || c.ID == "" {
			continue // one odd line never loses the page
		}
		contacts = append(contacts, Contact{FakeID: callbackd.FakeID(c.ID), Nickname: c.NickName.text()})
	}
	return contacts, nil
}

// fan is a person on the pages of user_tag.
type fan struct {
	OpenID   word   `json:"user_openid"`
	Name     *word  `json:"user_name"`
	Created  number `json:"user_create_time"`
	HeadImg  word   `json:"user_head_img"`
	Country  word   `json:"user_country"`
	Province word   `json:"user_province"`
	City     word   `json:"user_city"`
	Sign     word   `json:"user_signature"`
	Gender   number `json:"user_gender"`
}

// parseFans reads user_list.user_info_list of an f=json answer of user_tag.
func parseFans(body []byte, page string) ([]fan, error) {
	var answer struct {
		baseResp
		UserList nested `json:"user_list"`
	}
	if !looksLikeJSON(body) || decode(trimJSON(body), &answer) != nil || len(answer.UserList) == 0 {
		return nil, unreadable(page)
	}
	var list struct {
		Infos *[]json.RawMessage `json:"user_info_list"`
	}
	if decode(answer.UserList, &list) != nil || list.Infos == nil {
		return nil, unreadable(page)
	}
	fans := make([]fan, 0, len(*list.Infos))
	for _, raw := range *list.Infos {
		var f fan
		if json.Unmarshal(raw, &f) == nil {
			fans = append(fans, f)
		}
	}
	return fans, nil
}

// ParseContacts2016 reads the follower list of dialect 2016 (user_tag,
// get_user_list; wechat-protocol.md §4.9).
func ParseContacts2016(body []byte) ([]Contact, error) {
	fans, err := parseFans(body, "contacts")
	if err != nil {
		return nil, err
	}
	contacts := make([]Contact, 0, len(fans))
	for _, f := range fans {
		if f.OpenID == "" {
			continue
		}
		c := Contact{FakeID: callbackd.FakeID(f.OpenID), OpenID: callbackd.OpenID(f.OpenID)}
		if f.Name != nil {
			c.Nickname = f.Name.text()
		}
		if f.Created > 0 {
			c.CreatedAt = time.Unix(int64(f.Created), 0).UTC()
		}
		contacts = append(contacts, c)
	}
	return contacts, nil
}

// listObject finds the object that holds a list: under key in an f=json answer
// (an object, or a string that holds one), else anywhere in an HTML page.
func listObject(body []byte, key string, opening *regexp.Regexp) ([]byte, bool) {
	if !looksLikeJSON(body) {
		return cutObject(body, opening)
	}
	var answer map[string]json.RawMessage
	if decode(trimJSON(body), &answer) != nil {
		return nil, false
	}
	var object nested
	if raw, ok := answer[key]; !ok || object.UnmarshalJSON(raw) != nil || !looksLikeJSON(object) {
		return nil, false
	}
	return object, true
}
