package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"callbackd"
)

// Lang is a language that every text of ours exists in.
type Lang string

const (
	Chinese Lang = "zh-CN" // the default
	English Lang = "en"
)

// langs are all languages, the default first.
var langs = [...]Lang{Chinese, English}

// maxAcceptLanguage is how much of a browser's wish is read, in bytes.
const maxAcceptLanguage = 256

// LangOf returns the language for a request: ?lang= where it names one of
// ours, else what the browser accepts best, else Chinese.
func LangOf(r *http.Request) Lang {
	if asked := Lang(r.URL.Query().Get("lang")); asked == Chinese || asked == English {
		return asked
	}
	accept := r.Header.Get("Accept-Language")
	if accept == "" || len(accept) > maxAcceptLanguage {
		return Chinese
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil {
		return Chinese
	}
	matcher := language.NewMatcher([]language.Tag{language.SimplifiedChinese, language.English})
	_, index, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return Chinese
	}
	return langs[index]
}

// T returns the text of a key in this language.
func (l Lang) T(key string) (string, error) { return text(l, key) }

// TextOr returns the text of a key; what is no key is a sentence itself.
func (l Lang) TextOr(key string) string {
	if t, err := l.T(key); err == nil {
		return t
	}
	return key
}

// TextOf returns what an error tells people, with its values.
func (l Lang) TextOf(e *callbackd.PublicError) string {
	t := l.TextOr(e.Key)
	if len(e.Args) == 0 || !strings.Contains(t, "%") {
		return t
	}
	args := slices.Clone(e.Args)
	for i, a := range args {
		if label, ok := a.(callbackd.Label); ok {
			args[i] = l.TextOr(label.Key)
		}
	}
	return fmt.Sprintf(t, args...)
}

// Other returns the language that stands beside l, smaller.
func (l Lang) Other() Lang {
	if l == English {
		return Chinese
	}
	return English
}
