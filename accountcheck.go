package callbackd

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// SettingError says which setting of an account cannot work, and why, in one line
// that holds no secret. It is an ErrInvalid.
type SettingError struct {
	Setting string // its key in the account's JSON
	text    string
}

func (e *SettingError) Error() string { return e.text }

// Unwrap makes it an ErrInvalid.
func (e *SettingError) Unwrap() error { return ErrInvalid }

func wrong(setting, format string, args ...any) error {
	return &SettingError{setting, fmt.Sprintf(format, args...)}
}

var (
	originalIDShape = regexp.MustCompile(`^gh_[0-9a-f]{12}$`)
	appIDShape      = regexp.MustCompile(`^wx[0-9a-f]{16}$`)
	templateShape   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	fieldShape      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,31}$`)
	tokenShape      = regexp.MustCompile(`^[A-Za-z0-9]{3,32}$`)
	// the platform's name for the file whose content is its code
	mpVerifyFile = regexp.MustCompile(`^(?:MP_verify_)?([A-Za-z0-9]{8,64})(?:\.txt)?$`)
)

const (
	aesKeyLength    = 43
	longestName     = 60   // characters; the platform takes 30
	longestJoinURL  = 1000 // bytes: more do not fit into a QR code that can be read
	previousKeyLife = 7 * 24 * time.Hour
)

// ReplaceAESKey gives the account another key; the one before goes on opening
// callbacks for seven days.
func (a *Account) ReplaceAESKey(key Secret, now time.Time) {
	if a.AESKey != "" && a.AESKey != key {
		a.PreviousAESKey, a.PreviousAESKeyUntil = a.AESKey, now.Add(previousKeyLife)
	}
	a.AESKey = key
}

// Check refuses what cannot work: a *SettingError. What was left open is filled in.
func (a *Account) Check() error {
	for _, check := range []func() error{a.checkIdentity, a.checkMode, a.checkJoin, a.checkMPWeb, a.checkTemplate, a.checkMPVerify, a.checkFilters} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (a *Account) checkIdentity() error {
	switch {
	case !a.Slug.Valid():
		return wrong("slug", "slug %q: use 2–40 of a–z, 0–9 and -", a.Slug)
	case a.ID == 0 && a.Slug.Reserved():
		return wrong("slug", "slug %q: the desk has a page of that name; choose another one", a.Slug)
	case a.Name == "":
		return wrong("name", "name is missing: write the account's name as people know it")
	case strings.ContainsFunc(a.Name, unicode.IsControl) || utf8.RuneCountInString(a.Name) > longestName:
		return wrong("name", "name: write one line of at most %d characters", longestName)
	case a.OriginalID == "":
		return wrong("original_id", "original_id is missing: it stands in the account's settings as 原始ID, gh_ and 12 characters")
	case !originalIDShape.MatchString(a.OriginalID):
		return wrong("original_id", "original_id %q: it is gh_ and 12 characters of 0–9 and a–f", a.OriginalID)
	case a.AppID != "" && !appIDShape.MatchString(a.AppID):
		return wrong("app_id", "app_id %q: it is wx and 16 characters of 0–9 and a–f", a.AppID)
	case strings.ContainsFunc(a.AppSecret.Reveal(), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return wrong("app_secret", "app_secret: it is one word without spaces, 32 letters and digits on the platform")
	case a.AppSecret != "" && a.AppID == "":
		return wrong("app_secret", "app_secret without app_id: write both, or neither")
	case a.Token == "":
		return wrong("token", "token is missing: the word that you type beside the callback URL on the platform")
	case !tokenShape.MatchString(a.Token.Reveal()):
		return wrong("token", "token: the platform takes 3–32 letters and digits")
	}
	return nil
}

func (a *Account) checkMode() error {
	if a.Mode == "" {
		a.Mode = ModePlain
		if a.AESKey != "" {
			a.Mode = ModeSafe
		}
	}
	if a.Moderation == "" {
		a.Moderation = ModerationHold
	}
	if !slices.Contains([]Mode{ModePlain, ModeCompatible, ModeSafe}, a.Mode) {
		return wrong("mode", "mode %q: write plain, compatible or safe", a.Mode)
	}
	if !slices.Contains([]Moderation{ModerationHold, ModerationAuto, ModerationOpen}, a.Moderation) {
		return wrong("mode", "moderation %q: write hold, auto or open", a.Moderation)
	}
	if a.AESKey != "" {
		// lenient on purpose: the platform's own keys carry loose bits at the end
		key, err := base64.StdEncoding.DecodeString(a.AESKey.Reveal() + "=")
		if err != nil || len(key) != 32 || len(a.AESKey) != aesKeyLength {
			return wrong("aes_key", "aes_key: it is the EncodingAESKey of the platform, 43 letters and digits")
		}
	}
	if a.Mode.Encrypted() && a.AESKey == "" {
		return wrong("mode", "mode %s needs aes_key: the EncodingAESKey of the platform", a.Mode)
	}
	if a.Mode.Encrypted() && a.AppID == "" {
		return wrong("mode", "mode %s needs app_id: it stands inside every encrypted callback", a.Mode)
	}
	return nil
}

func (a *Account) checkJoin() error {
	if a.JoinURL == "" {
		return nil
	}
	u, err := url.Parse(a.JoinURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return wrong("join_url", "join_url %q: write an http or https address, such as the one inside the account's own QR code", a.JoinURL)
	}
	if len(a.JoinURL) > longestJoinURL {
		return wrong("join_url", "join_url: at most %d bytes fit into a QR code that can be read", longestJoinURL)
	}
	return nil
}

func (a *Account) checkMPWeb() error {
	known := []Strategy{StrategyOpenID, StrategyMsgID, StrategyUserPage, StrategyCreateTime}
	for i, s := range a.Resolve {
		if !slices.Contains(known, s) {
			return wrong("resolve", "resolve: %q is no strategy; write some of open-id, msg-id, user-page, create-time", s)
		}
		if slices.Contains(a.Resolve[:i], s) {
			return wrong("resolve", "resolve: %s stands twice", s)
		}
	}
	if a.MPWeb == nil {
		if len(a.Resolve) > 0 {
			return wrong("resolve", "resolve needs mpweb: every strategy reads the operator pages")
		}
		return nil
	}
	if a.MPWeb.Dialect == "" {
		a.MPWeb.Dialect = Dialect2016
	}
	switch {
	case a.MPWeb.Username == "":
		return wrong("mpweb", "mpweb.username is missing: the name that you log in to the operator pages with")
	case a.MPWeb.Dialect != Dialect2014 && a.MPWeb.Dialect != Dialect2016:
		return wrong("mpweb", "mpweb.dialect %q: write 2014 or 2016", a.MPWeb.Dialect)
	case a.MPWeb.Dialect == Dialect2014 && slices.Contains(a.Resolve, StrategyOpenID):
		return wrong("resolve", "resolve: open-id works in dialect 2016 only, where FakeID is the openID")
	case a.MPWeb.Dialect == Dialect2016 && slices.ContainsFunc(a.Resolve, func(s Strategy) bool { return s == StrategyUserPage }):
		return wrong("resolve", "resolve: user-page works in dialect 2014 only")
	}
	return nil
}

func (a *Account) checkTemplate() error {
	t := a.Notices.Template
	if t == nil {
		return nil
	}
	switch {
	case t.ID == "":
		return wrong("notice_template", "notice_template.id is missing: the 模板ID that stands beside the template on the platform")
	case !templateShape.MatchString(t.ID):
		return wrong("notice_template", "notice_template.id: it is one word of letters, digits, - and _")
	case t.TitleKey == "":
		return wrong("notice_template", "notice_template.title is missing: the field of the template that takes the sender's name, such as thing1")
	case t.TitleKey == t.BodyKey:
		return wrong("notice_template", "notice_template: title and body are both %s; name two fields, or leave body out", t.TitleKey)
	case !a.HasAPI():
		return wrong("notice_template", "notice_template needs app_id and app_secret: it is sent by the official API")
	}
	for _, field := range []string{t.TitleKey, t.BodyKey} {
		if field != "" && !fieldShape.MatchString(field) {
			return wrong("notice_template", "notice_template: %q is no field; write it like thing1, without {{ and .DATA", field)
		}
	}
	return nil
}

// checkMPVerify takes the code alone or the name of the file, and keeps the code.
func (a *Account) checkMPVerify() error {
	if a.MPVerify == "" {
		return nil
	}
	m := mpVerifyFile.FindStringSubmatch(a.MPVerify)
	if m == nil {
		return wrong("mp_verify", "mp_verify: it is what the file MP_verify_….txt of the platform holds, letters and digits in one line")
	}
	a.MPVerify = m[1]
	return nil
}

func (a *Account) checkFilters() error {
	if a.Filters.Checker == "" {
		return nil
	}
	u, err := url.Parse(a.Filters.Checker)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || len(a.Filters.Checker) > longestJoinURL {
		return wrong("filters", "filters.checker.url: write an http or https address without a password in it; what the checker knows us by is secret")
	}
	return nil
}
