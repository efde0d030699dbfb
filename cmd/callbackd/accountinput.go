package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"callbackd"
)

// accountInput is an account as people write it (contract: an account as
// JSON). A nil field was absent; null removes, like "".
type accountInput struct {
	Name, OriginalID, AppID, AppSecret, Token, AESKey, Mode, Moderation, JoinURL, Welcome, Owner, MPVerify *string

	MentionDetection, ReceiveSwitch, MentionExclusive *string // on, off, or "" for the default

	MPWeb          *mpwebInput
	Resolve        *[]callbackd.Strategy
	NoticeTemplate *templateInput
	Filters        *filtersInput
}

// mpwebInput is the login to the operator pages; remove takes it away.
type mpwebInput struct {
	remove                      bool
	Username, Password, Dialect *string
}

// templateInput is the template for notices; remove takes it away.
type templateInput struct {
	remove          bool
	ID, Title, Body *string
}

// accountHelp tells people what the JSON of an account holds.
const accountHelp = `从 JSON 登记或修改公众号。必填：name、original_id、token；加密模式还要 app_id 和 aes_key。
Reads a JSON object. name, original_id and token must be there, app_id and aes_key where callbacks are encrypted.
What is absent or "" is off, and doctor says what that means. set keeps what is missing; null removes.

  name         the account's name, as people search for it
  original_id  原始ID, gh_ and 12 characters
  token        beside the callback URL on the platform, 3-32 letters and digits
  mode         plain, compatible or safe, as on the platform (default: safe with aes_key, else plain)
  aes_key      EncodingAESKey, 43 characters; a replaced one goes on opening for 7 days
  app_id       wx and 16 characters
  app_secret   for media and scene QR codes by the official API
  moderation   hold (default): a moderator passes everything; auto: what the filters find nothing in passes; open: everything does
  join_url     what the join QR says when the API gives none
  welcome      answer to who joins; {wall} stands for the wall's URL
  owner        accounts with the same owner may share what is known of a person
  mp_verify    for web authorisation: the code in the file MP_verify_….txt of the platform, which is then served here
  mpweb        {"username": "…", "password": "…", "dialect": "2014" or "2016"}: the login to the operator pages
  resolve      strategies in order: open-id, msg-id, user-page, create-time (default: the dialect's own order)

  filters      how auto judges beside its word lists (callbackd words): {"per_minute": 6, "hold_first": true, "pinyin": false,
               "checker": {"url": "https://…", "secret": "…"}}: messages of one sender that pass in a minute (0: any number), whether
               who was never approved waits, whether words are found by their sound, and a service that is asked last

  mention_detection  on (default): whom a message mentions is told of it; off: nobody counts as mentioned
  receive_switch     on (default): who switched receiving on is told of every message; off: every follower is
  mention_exclusive  off (default); on: a message with mentions is told to the mentioned alone
  notice_template    {"id": "…", "title": "thing1", "body": "thing2"}: a template of the account and its two fields, for notices
                     by WeChat when the 48 hours after a follower's last word are over; needs app_secret`

// maxAccount bounds the JSON of an account, in bytes.
const maxAccount = 1 << 20

// readAccount reads one JSON object and refuses keys that it does not know. Its
// errors are one line and hold no value, which may be a secret.
func readAccount(r io.Reader) (accountInput, error) {
	var in accountInput
	content, err := io.ReadAll(io.LimitReader(r, maxAccount+1))
	if err != nil {
		return in, fmt.Errorf("read the account: %w", err)
	}
	if len(content) > maxAccount {
		return in, errors.New("the account is over 1 MiB: write one JSON object with its settings")
	}
	raw, err := readObject("the account", content)
	if err != nil {
		return in, err
	}
	words := map[string]**string{"name": &in.Name, "original_id": &in.OriginalID, "app_id": &in.AppID, "app_secret": &in.AppSecret,
		"token": &in.Token, "aes_key": &in.AESKey, "mode": &in.Mode, "moderation": &in.Moderation, "join_url": &in.JoinURL,
		"welcome": &in.Welcome, "owner": &in.Owner, "mp_verify": &in.MPVerify}
	switches := map[string]**string{"mention_detection": &in.MentionDetection, "receive_switch": &in.ReceiveSwitch, "mention_exclusive": &in.MentionExclusive}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		switch target := words[key]; {
		case key == "mpweb":
			in.MPWeb, err = readMPWeb(raw[key])
		case key == "resolve":
			in.Resolve, err = readResolve(raw[key])
		case key == "filters":
			in.Filters, err = readFilters(raw[key])
		case key == "notice_template":
			in.NoticeTemplate, err = readTemplate(raw[key])
		case switches[key] != nil:
			*switches[key], err = readSwitch(key, raw[key])
		case target != nil:
			*target, err = readWord(key, raw[key])
		default:
			err = fmt.Errorf("unknown key %q in the account: callbackd account add --help lists what there is", key)
		}
		if err != nil {
			return in, err
		}
	}
	return in, nil
}

// readObject reads one JSON object, its values as they were written: null is
// kept apart from absent, which encoding/json does not do for structs.
func readObject(what string, content []byte) (map[string]json.RawMessage, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(content, &raw); err != nil || raw == nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s is not JSON (after %d bytes: %v): write an object like {\"name\": \"…\"}", what, syntax.Offset, err)
		}
		return nil, fmt.Errorf("%s is not a JSON object: write one like {\"name\": \"…\"}", what)
	}
	return raw, nil
}

// readWord reads a string; null is the empty one. Space around it comes from
// pasting and is dropped, but for a password it may be meant.
func readWord(key string, value json.RawMessage) (*string, error) {
	var s *string
	if json.Unmarshal(value, &s) != nil {
		return nil, fmt.Errorf("%s: write a word in quotes, or null for none", key)
	}
	if s == nil {
		return new(string), nil
	}
	if key != "mpweb.password" {
		*s = strings.TrimSpace(*s)
	}
	if *s == callbackd.Secret("x").String() {
		return nil, fmt.Errorf("%s is %s, which stands for a secret that is not printed: write the secret itself, or leave the key out", key, *s)
	}
	return s, nil
}

// readMPWeb reads the login to the operator pages; null and "" take it away.
func readMPWeb(value json.RawMessage) (*mpwebInput, error) {
	if isNone(value) {
		return &mpwebInput{remove: true}, nil
	}
	raw, err := readObject("mpweb", value)
	if err != nil {
		return nil, err
	}
	in := &mpwebInput{}
	words := map[string]**string{"username": &in.Username, "password": &in.Password, "dialect": &in.Dialect}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		target := words[key]
		if target == nil {
			return nil, fmt.Errorf("unknown key %q in mpweb: there are username, password and dialect", key)
		}
		if *target, err = readWord("mpweb."+key, raw[key]); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// readSwitch reads on or off; null and "" mean the default.
func readSwitch(key string, value json.RawMessage) (*string, error) {
	word, err := readWord(key, value)
	if err == nil && !slices.Contains([]string{"on", "off", ""}, *word) {
		err = fmt.Errorf("%s %q: write on or off, or null for the default", key, *word)
	}
	return word, err
}

// readTemplate reads the template for notices; null and "" take it away.
func readTemplate(value json.RawMessage) (*templateInput, error) {
	if isNone(value) {
		return &templateInput{remove: true}, nil
	}
	raw, err := readObject("notice_template", value)
	if err != nil {
		return nil, err
	}
	in := &templateInput{}
	words := map[string]**string{"id": &in.ID, "title": &in.Title, "body": &in.Body}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		target := words[key]
		if target == nil {
			return nil, fmt.Errorf("unknown key %q in notice_template: there are id, title and body", key)
		}
		if *target, err = readWord("notice_template."+key, raw[key]); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// readResolve reads the strategies; null, "" and [] mean the dialect's own order.
func readResolve(value json.RawMessage) (*[]callbackd.Strategy, error) {
	list := []callbackd.Strategy{}
	if isNone(value) {
		return &list, nil
	}
	if json.Unmarshal(value, &list) != nil {
		return nil, errors.New(`resolve: write a list such as ["msg-id", "create-time"], or null for the dialect's own order`)
	}
	return &list, nil
}

// isNone reports a value that is null or "".
func isNone(value json.RawMessage) bool {
	text := string(bytes.TrimSpace(value))
	return text == `null` || text == `""`
}
