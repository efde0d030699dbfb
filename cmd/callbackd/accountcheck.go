package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"callbackd"
)

var (
	originalIDShape = regexp.MustCompile(`^gh_[0-9a-f]{12}$`)
	appIDShape      = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	templateShape   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	fieldShape      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`)
	tokenShape      = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
)

// mpVerifyFile is the platform's name for the file whose content is its code.
var mpVerifyFile = regexp.MustCompile(`^(?:MP_verify_)?([A-Za-z0-9]{8,64})(?:\.txt)?$`)

const (
	aesKeyLen  = 43
	maxName    = 60   // characters; the platform takes 30
	maxJoinURL = 1000 // bytes: more do not fit into a QR code that can be read
)

// checkAccount refuses what cannot work, and says why.
func checkAccount(a *callbackd.Account) error {
	for _, check := range []func(*callbackd.Account) error{checkIdentity, checkMode, checkJoin, checkMPWeb, checkTemplate, checkMPVerify, checkFilters} {
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
	case a.ID == 0 && a.Slug.Reserved():
		return fmt.Errorf("slug %q: the desk has a page of that name; choose another one", a.Slug)
	case a.Name == "":
		return errors.New("name is missing: write the account's name as people know it")
	case strings.ContainsFunc(a.Name, unicode.IsControl) || utf8.RuneCountInString(a.Name) > maxName:
		return fmt.Errorf("name: write one line of at most %d characters", maxName)
	case a.OriginalID == "":
		return errors.New("original_id is missing: it stands in the account's settings as 原始ID, gh_ and 12 characters")
	case !originalIDShape.MatchString(a.OriginalID):
		return fmt.Errorf("original_id %q: it is gh_ and 12 characters of 0–9 and a–f", a.OriginalID)
	case a.AppID != "" && !appIDShape.MatchString(a.AppID):
		return fmt.Errorf("app_id %q: it is wx and 16 characters of 0–9 and a–f", a.AppID)
	case strings.ContainsFunc(a.AppSecret.Reveal(), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return errors.New("app_secret: it is one word without spaces, 32 letters and digits on the platform")
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
		key, err := base64.StdEncoding.DecodeString(a.AESKey.Reveal() + "=")
		if err != nil || len(key) != 32 || len(a.AESKey) != aesKeyLen {
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
	if len(a.JoinURL) > maxJoinURL {
		return fmt.Errorf("join_url: at most %d bytes fit into a QR code that can be read", maxJoinURL)
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

func checkTemplate(a *callbackd.Account) error {
	t := a.Notices.Template
	if t == nil {
		return nil
	}
	switch {
	case t.ID == "":
		return errors.New("notice_template.id is missing: the 模板ID that stands beside the template on the platform")
	case !templateShape.MatchString(t.ID):
		return errors.New("notice_template.id: it is one word of letters, digits, - and _")
	case t.TitleKey == "":
		return errors.New("notice_template.title is missing: the field of the template that takes the sender's name, such as thing1")
	case t.TitleKey == t.BodyKey:
		return fmt.Errorf("notice_template: title and body are both %s; name two fields, or leave body out", t.TitleKey)
	case !a.HasAPI():
		return errors.New("notice_template needs app_id and app_secret: it is sent by the official API")
	}
	for _, field := range []string{t.TitleKey, t.BodyKey} {
		if field != "" && !fieldShape.MatchString(field) {
			return fmt.Errorf("notice_template: %q is no field; write it like thing1, without {{ and .DATA", field)
		}
	}
	return nil
}

// checkMPVerify takes the code alone or the name of the file, and keeps the code.
func checkMPVerify(a *callbackd.Account) error {
	if a.MPVerify == "" {
		return nil
	}
	m := mpVerifyFile.FindStringSubmatch(a.MPVerify)
	if m == nil {
		return errors.New("mp_verify: it is what the file MP_verify_….txt of the platform holds, letters and digits in one line")
	}
	a.MPVerify = m[1]
	return nil
}
