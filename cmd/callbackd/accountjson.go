package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"callbackd"
)

// previousKeyLife is how long a replaced AES key goes on opening callbacks.
const previousKeyLife = 7 * 24 * time.Hour

// accountInput is an account as people write it (contract: an account as
// JSON). A nil field was absent; null removes, like "".
type accountInput struct {
	Name       *optional `json:"name"`
	OriginalID *optional `json:"original_id"`
	AppID      *optional `json:"app_id"`
	AppSecret  *optional `json:"app_secret"`
	Token      *optional `json:"token"`
	AESKey     *optional `json:"aes_key"`
	Mode       *optional `json:"mode"`
	Moderation *optional `json:"moderation"`
	JoinURL    *optional `json:"join_url"`
	Welcome    *optional `json:"welcome"`
	Owner      *optional `json:"owner"`
	MPWeb      *mpwebInput
	Resolve    *[]callbackd.Strategy
}

// optional is a word, or null for none.
type optional string

func (o *optional) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*o = ""
	if s != nil {
		*o = optional(*s)
	}
	return nil
}

// mpwebInput is the login to the operator pages; null or "" removes it.
type mpwebInput struct {
	remove   bool
	Username *string `json:"username"`
	Password *string `json:"password"`
	Dialect  *string `json:"dialect"`
}

func (m *mpwebInput) UnmarshalJSON(b []byte) error {
	if text := string(b); text == `""` || text == `null` || text == `{}` {
		m.remove = true
		return nil
	}
	type plain mpwebInput
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(m))
}

// rawAccount keeps null apart from absent, which encoding/json does not.
type rawAccount map[string]json.RawMessage

// readAccount reads one JSON object and refuses keys that it does not know.
func readAccount(r io.Reader) (accountInput, error) {
	var in accountInput
	content, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return in, fmt.Errorf("read the account: %w", err)
	}
	var raw rawAccount
	if err := json.Unmarshal(content, &raw); err != nil {
		return in, fmt.Errorf("the account is not a JSON object: %w", err)
	}
	targets := map[string]any{"name": &in.Name, "original_id": &in.OriginalID, "app_id": &in.AppID, "app_secret": &in.AppSecret,
		"token": &in.Token, "aes_key": &in.AESKey, "mode": &in.Mode, "moderation": &in.Moderation, "join_url": &in.JoinURL,
		"welcome": &in.Welcome, "owner": &in.Owner}
	for key, value := range raw {
		switch key {
		case "mpweb":
			in.MPWeb = &mpwebInput{}
			err = in.MPWeb.UnmarshalJSON(value)
		case "resolve":
			in.Resolve = &[]callbackd.Strategy{}
			if text := string(value); text != `""` && text != `null` {
				err = json.Unmarshal(value, in.Resolve)
			}
		default:
			target, known := targets[key].(**optional)
			if !known {
				return in, fmt.Errorf("unknown key %q in the account; docs/operations.md lists them", key)
			}
			*target = new(optional)
			err = json.Unmarshal(value, *target)
		}
		if err != nil {
			return in, fmt.Errorf("%s: %w", key, err)
		}
	}
	return in, nil
}

// merge applies what the input says to an account: a missing key stays.
func (in accountInput) merge(a *callbackd.Account, now time.Time) {
	word := func(dst *string, v *optional) {
		if v != nil {
			*dst = string(*v)
		}
	}
	secret := func(dst *callbackd.Secret, v *optional) {
		if v != nil {
			*dst = callbackd.Secret(*v)
		}
	}
	word(&a.Name, in.Name)
	word(&a.OriginalID, in.OriginalID)
	word(&a.AppID, in.AppID)
	word(&a.JoinURL, in.JoinURL)
	word(&a.Welcome, in.Welcome)
	word(&a.Owner, in.Owner)
	secret(&a.AppSecret, in.AppSecret)
	secret(&a.Token, in.Token)
	before := a.AESKey
	secret(&a.AESKey, in.AESKey)
	if before != "" && a.AESKey != before {
		a.PreviousAESKey, a.PreviousAESKeyUntil = before, now.Add(previousKeyLife)
	}
	word((*string)(&a.Mode), in.Mode)
	word((*string)(&a.Moderation), in.Moderation)
	if in.Resolve != nil {
		a.Resolve = *in.Resolve
	}
	in.MPWeb.merge(a)
}

func (in *mpwebInput) merge(a *callbackd.Account) {
	if in == nil {
		return
	}
	if in.remove {
		a.MPWeb = nil
		return
	}
	if a.MPWeb == nil {
		a.MPWeb = &callbackd.MPWebLogin{}
	}
	if in.Username != nil {
		a.MPWeb.Username = *in.Username
	}
	if in.Password != nil {
		a.MPWeb.Password = callbackd.Secret(*in.Password)
	}
	if in.Dialect != nil {
		a.MPWeb.Dialect = callbackd.Dialect(*in.Dialect)
	}
	if *a.MPWeb == (callbackd.MPWebLogin{}) {
		a.MPWeb = nil
	}
}

var (
	originalIDShape = regexp.MustCompile(`^gh_[0-9a-f]{12}$`)
	appIDShape      = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	tokenShape      = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
)

// checkAccount refuses what cannot work, and says why.
func checkAccount(a *callbackd.Account) error {
	for _, check := range []func(*callbackd.Account) error{checkIdentity, checkMode, checkJoin, checkMPWeb} {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}

func checkIdentity(a *callbackd.Account) error {
	switch {
	case !a.Slug.Valid():
		return fmt.Errorf("slug %q: use 2–40 of a–z, 0–9 and -", a.Slug)
	case strings.TrimSpace(a.Name) == "":
		return errors.New("name is missing: write the account's name as people know it")
	case a.OriginalID == "":
		return errors.New("original_id is missing: it stands in the account's settings as 原始ID, gh_ and 12 characters")
	case !originalIDShape.MatchString(a.OriginalID):
		return fmt.Errorf("original_id %q: it is gh_ and 12 characters of 0–9 and a–f", a.OriginalID)
	case a.AppID != "" && !appIDShape.MatchString(a.AppID):
		return fmt.Errorf("app_id %q: it is wx and 16 characters of 0–9 and a–f", a.AppID)
	case a.AppSecret != "" && a.AppID == "":
		return errors.New("app_secret without app_id: write both, or neither")
	case a.Token == "":
		return errors.New("token is missing: the word that you type beside the callback URL on the platform")
	case !tokenShape.MatchString(a.Token.Reveal()):
		return errors.New("token: the platform takes 3–32 letters and digits")
	}
	return nil
}

func checkMode(a *callbackd.Account) error {
	if a.Mode == "" {
		a.Mode = callbackd.ModePlain
		if a.AESKey != "" {
			a.Mode = callbackd.ModeSafe
		}
	}
	if a.Moderation == "" {
		a.Moderation = callbackd.ModerationHold
	}
	if !slices.Contains([]callbackd.Mode{callbackd.ModePlain, callbackd.ModeCompatible, callbackd.ModeSafe}, a.Mode) {
		return fmt.Errorf("mode %q: write plain, compatible or safe", a.Mode)
	}
	if !slices.Contains([]callbackd.Moderation{callbackd.ModerationHold, callbackd.ModerationAuto, callbackd.ModerationOpen}, a.Moderation) {
		return fmt.Errorf("moderation %q: write hold, auto or open", a.Moderation)
	}
	if a.AESKey != "" {
		// lenient on purpose: the platform's own keys carry loose bits at the end
		if key, err := base64.StdEncoding.DecodeString(a.AESKey.Reveal() + "="); err != nil || len(key) != 32 {
			return errors.New("aes_key: it is the EncodingAESKey of the platform, 43 letters and digits")
		}
	}
	if a.Mode.Encrypted() && a.AESKey == "" {
		return fmt.Errorf("mode %s needs aes_key: the EncodingAESKey of the platform", a.Mode)
	}
	if a.Mode.Encrypted() && a.AppID == "" {
		return fmt.Errorf("mode %s needs app_id: it stands inside every encrypted callback", a.Mode)
	}
	return nil
}

func checkJoin(a *callbackd.Account) error {
	if a.JoinURL == "" {
		return nil
	}
	u, err := url.Parse(a.JoinURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("join_url %q: write an http or https address, such as the one inside the account's own QR code", a.JoinURL)
	}
	if len(a.JoinURL) > 1000 {
		return errors.New("join_url: at most 1000 characters fit into a QR code that can be read")
	}
	return nil
}

func checkMPWeb(a *callbackd.Account) error {
	known := []callbackd.Strategy{callbackd.StrategyOpenID, callbackd.StrategyMsgID, callbackd.StrategyUserPage, callbackd.StrategyCreateTime}
	for i, s := range a.Resolve {
		if !slices.Contains(known, s) {
			return fmt.Errorf("resolve: %q is no strategy; write some of open-id, msg-id, user-page, create-time", s)
		}
		if slices.Contains(a.Resolve[:i], s) {
			return fmt.Errorf("resolve: %s stands twice", s)
		}
	}
	if a.MPWeb == nil {
		if len(a.Resolve) > 0 {
			return errors.New("resolve needs mpweb: every strategy reads the operator pages")
		}
		return nil
	}
	if a.MPWeb.Dialect == "" {
		a.MPWeb.Dialect = callbackd.Dialect2016
	}
	switch {
	case a.MPWeb.Username == "":
		return errors.New("mpweb.username is missing: the name that you log in to the operator pages with")
	case a.MPWeb.Dialect != callbackd.Dialect2014 && a.MPWeb.Dialect != callbackd.Dialect2016:
		return fmt.Errorf("mpweb.dialect %q: write 2014 or 2016", a.MPWeb.Dialect)
	case a.MPWeb.Dialect == callbackd.Dialect2014 && slices.Contains(a.Resolve, callbackd.StrategyOpenID):
		return errors.New("resolve: open-id works in dialect 2016 only, where FakeID is the openID")
	case a.MPWeb.Dialect == callbackd.Dialect2016 && slices.ContainsFunc(a.Resolve, func(s callbackd.Strategy) bool { return s == callbackd.StrategyUserPage }):
		return errors.New("resolve: user-page works in dialect 2014 only")
	}
	return nil
}

// accountOutput is an account without its secrets.
type accountOutput struct {
	Slug       callbackd.Slug       `json:"slug"`
	Name       string               `json:"name"`
	OriginalID string               `json:"original_id"`
	AppID      string               `json:"app_id,omitempty"`
	AppSecret  callbackd.Secret     `json:"app_secret,omitempty"`
	Token      callbackd.Secret     `json:"token"`
	AESKey     callbackd.Secret     `json:"aes_key,omitempty"`
	Mode       callbackd.Mode       `json:"mode"`
	Moderation callbackd.Moderation `json:"moderation"`
	JoinURL    string               `json:"join_url,omitempty"`
	Welcome    string               `json:"welcome,omitempty"`
	Owner      string               `json:"owner,omitempty"`
	MPWeb      *mpwebOutput         `json:"mpweb,omitempty"`
	Resolve    []callbackd.Strategy `json:"resolve,omitempty"`
	Callback   string               `json:"callback_url"`
	Wall       string               `json:"wall_url"`
}

type mpwebOutput struct {
	Username string            `json:"username"`
	Password callbackd.Secret  `json:"password,omitempty"`
	Dialect  callbackd.Dialect `json:"dialect"`
}

func describeAccount(a *callbackd.Account, public *url.URL) accountOutput {
	out := accountOutput{Slug: a.Slug, Name: a.Name, OriginalID: a.OriginalID, AppID: a.AppID, AppSecret: a.AppSecret, Token: a.Token,
		AESKey: a.AESKey, Mode: a.Mode, Moderation: a.Moderation, JoinURL: a.JoinURL, Welcome: a.Welcome, Owner: a.Owner, Resolve: a.Strategies(),
		Callback: public.JoinPath("callback", string(a.Slug)).String(), Wall: public.JoinPath("wall", string(a.Slug)).String()}
	if a.MPWeb != nil {
		out.MPWeb = &mpwebOutput{a.MPWeb.Username, a.MPWeb.Password, a.MPWeb.Dialect}
	}
	return out
}
