package doctor

import (
	"fmt"
	"strings"
	"time"

	"callbackd"
)

// Level is how a check ended.
type Level string

const (
	OK   Level = "ok"
	Off  Level = "off"  // works as set up, or is not known yet; Fix says how there would be more
	Fail Level = "fail" // something is wrong; Fix says what to do
)

// Text is for people, in both languages.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// String is both languages in one line.
func (t Text) String() string {
	if t.ZH == "" {
		return t.EN
	}
	return t.ZH + " · " + t.EN
}

// oneLine folds a text into one line: errors may bring more.
func (t Text) oneLine() Text { return Text{fold(t.ZH), fold(t.EN)} }

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// say makes a text. Both languages take the same arguments.
func say(zh, en string, args ...any) Text {
	if len(args) == 0 {
		return Text{zh, en}
	}
	return Text{fmt.Sprintf(zh, args...), fmt.Sprintf(en, args...)}
}

// Finding is the result of one check.
type Finding struct {
	ID      string         `json:"id"`                // of the check
	Account callbackd.Slug `json:"account,omitempty"` // empty: of the installation
	Level   Level          `json:"level"`
	Says    Text           `json:"says"`
	Fix     Text           `json:"fix,omitzero"` // with Fail and Off
	At      time.Time      `json:"at"`           // when it was looked at
	TookMS  int64          `json:"took_ms"`
}

// Name is short and tells findings apart, such as database or spring/token.
func (f Finding) Name() string {
	if f.Account == "" {
		return f.ID
	}
	return string(f.Account) + "/" + f.ID
}

func ok(says Text) Finding        { return Finding{Level: OK, Says: says} }
func off(says, fix Text) Finding  { return Finding{Level: Off, Says: says, Fix: fix} }
func fail(says, fix Text) Finding { return Finding{Level: Fail, Says: says, Fix: fix} }
