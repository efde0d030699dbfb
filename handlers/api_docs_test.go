package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

const apiDocument = "../docs/api.md"

// example is a curl line of the document with the answer that stands below it.
type example struct {
	script  string
	status  int
	headers map[string]string
	body    string
}

var (
	fence   = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	address = regexp.MustCompile(`\$BASE(/api/[^\s"?]+)`)
	method  = regexp.MustCompile(`-X ([A-Z]+)`)
)

// examples reads the document: each block of sh is followed by one of http.
func examples(t *testing.T) []example {
	t.Helper()
	text, err := os.ReadFile(apiDocument)
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	open := false
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		switch block[1] {
		case "sh":
			if open || strings.Count(block[2], "curl ") != 1 {
				t.Fatalf("want one curl and its answer:\n%s", block[2])
			}
			all, open = append(all, example{script: block[2], headers: map[string]string{}}), true
		case "http":
			if !open {
				t.Fatalf("an answer to nothing:\n%s", block[2])
			}
			open = false
			e := &all[len(all)-1]
			head, body, _ := strings.Cut(block[2], "\n\n")
			lines := strings.Split(strings.TrimSpace(head), "\n")
			e.body = body
			if _, err := fmt.Sscanf(lines[0], "HTTP/1.1 %d", &e.status); err != nil || http.StatusText(e.status) != strings.SplitN(lines[0], " ", 3)[2] {
				t.Fatalf("no status line: %s", lines[0])
			}
			for _, line := range lines[1:] {
				name, value, _ := strings.Cut(line, ": ")
				e.headers[name] = value
			}
		}
	}
	if open || len(all) < 20 {
		t.Fatalf("%d examples", len(all))
	}
	return all
}

// TestAPIDocument_ItsExamplesAreTrue runs every curl line of docs/api.md, in
// order, against a started site.
func TestAPIDocument_ItsExamplesAreTrue(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatalf("curl is missing (scripts/setup.sh test installs it): %v", err)
	}
	s := newAPISite(t, nil)
	who := s.follower(s.acc, "小明")
	s.follower(s.acc, "小红")
	env := map[string]string{"BASE": s.http.URL, "ACCOUNT": string(s.acc.Slug)}
	for _, e := range examples(t) {
		if strings.Contains(e.body, `"state":"confirm"`) { // the follower's part, in WeChat
			s.agree(env["CODE"], who)
		}
		status, head, body := runCurl(t, curl, env, e.script)
		if status != e.status {
			t.Fatalf("%s\nis answered %d %s, want %d", e.script, status, body, e.status)
		}
		for name, value := range e.headers {
			if head.Get(name) != value {
				t.Errorf("%s\nhas %s %q, want %q", e.script, name, head.Get(name), value)
			}
		}
		if e.headers["Content-Type"] == "" {
			want, got := parse(t, e.body), parse(t, body)
			for _, wrong := range differ("", want, got) {
				t.Errorf("%s\nis answered %s: %s", e.script, body, wrong)
			}
			learn(env, got)
		}
	}
	if env["NID"] == "" || env["PERSON"] == "" {
		t.Errorf("the examples gave no NID or no PERSON")
	}
}

// parse reads an answer's JSON; nil: there is none.
func parse(t *testing.T, text string) (v any) {
	t.Helper()
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s is no JSON: %v", text, err)
	}
	return v
}

// runCurl runs a script of the document as a shell would, and reads what curl got.
func runCurl(t *testing.T, curl string, env map[string]string, script string) (int, http.Header, string) {
	t.Helper()
	dir := t.TempDir()
	heads, body := filepath.Join(dir, "heads"), filepath.Join(dir, "body")
	cmd := exec.Command("bash", "-c", `set -eu
curl() { "$CURL" -q -sS --max-time 30 --noproxy '*' -D "$HEADS" -o "$BODY" -w '%{http_code}' "$@"; }
`+script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CURL=" + curl, "HEADS=" + heads, "BODY=" + body}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v: %s", script, err, stderr.String())
	}
	status, err := strconv.Atoi(string(out))
	if err != nil {
		t.Fatalf("%s\nsays %q", script, out)
	}
	head := http.Header{}
	raw, _ := os.ReadFile(heads)
	for _, line := range strings.Split(string(raw), "\n") {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			head.Add(name, value)
		}
	}
	text, _ := os.ReadFile(body) // of an answer without a body there is no file
	return status, head, string(text)
}

// learn takes over what the next lines need.
func learn(env map[string]string, answer any) {
	object, _ := answer.(map[string]any)
	for field, name := range map[string]string{"token": "TOKEN", "device": "DEVICE", "nid": "NID", "code": "CODE"} {
		if text, ok := object[field].(string); ok {
			env[name] = text
		}
	}
	if people, _ := object["people"].([]any); len(people) > 0 {
		env["PERSON"], _ = people[0].(map[string]any)["token"].(string)
	}
}

// exact are fields whose values the document fixes.
var exact = []string{"state", "error", "receive", "detail", "class", "provider", "name", "here", "up", "unread"}

// differ says where an answer has another shape than the document shows.
func differ(at string, want, got any) (wrong []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{at + " is no object"}
		}
		for name := range object {
			if _, known := want[name]; !known {
				wrong = append(wrong, at+"."+name+" is not in the document")
			}
		}
		for name, w := range want {
			g, there := object[name]
			switch {
			case !there:
				wrong = append(wrong, at+"."+name+" is absent")
			case slices.Contains(exact, name) && w != g:
				wrong = append(wrong, fmt.Sprintf("%s.%s is %v, in the document %v", at, name, g, w))
			default:
				wrong = append(wrong, differ(at+"."+name, w, g)...)
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return []string{fmt.Sprintf("%s is %v, in the document a list of %d", at, got, len(want))}
		}
		for i := range want {
			wrong = append(wrong, differ(fmt.Sprintf("%s[%d]", at, i), want[i], list[i])...)
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", got) {
			wrong = append(wrong, fmt.Sprintf("%s is a %T, in the document a %T", at, got, want))
		}
	}
	return wrong
}

// TestAPIDocument_HoldsEveryRoute.
func TestAPIDocument_HoldsEveryRoute(t *testing.T) {
	shown := map[string]bool{}
	for _, e := range examples(t) {
		verb := "GET"
		if m := method.FindStringSubmatch(e.script); m != nil {
			verb = m[1]
		}
		path := address.FindStringSubmatch(e.script)
		if path == nil {
			t.Fatalf("no address of the API: %s", e.script)
		}
		shown[verb+" "+strings.NewReplacer("$DEVICE", "{id}", "$NID", "{nid}").Replace(path[1])] = true
	}
	s := newAPISite(t, nil)
	s.must(chi.Walk(s.router.(chi.Routes), func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if strings.HasPrefix(path, "/api/") && !shown[method+" "+path] {
			t.Errorf("%s has no example of %s %s", apiDocument, method, path)
		}
		return nil
	}))
}

// TestDiffer_SeesWhatIsNotAsShown, or the test of the document proves nothing.
func TestDiffer_SeesWhatIsNotAsShown(t *testing.T) {
	for pair, want := range map[[2]string]int{
		{`{"a":1}`, `{"a":2}`}: 0, {`{"a":1}`, `{"a":"x"}`}: 1, {`{"a":1}`, `{}`}: 1, {`{"a":1}`, `{"a":1,"b":2}`}: 1, {`{"a":[{"b":1}]}`, `{"a":[{"b":2}]}`}: 0,
		{`{"a":[{"b":1}]}`, `{"a":[]}`}: 1, {`{"a":[{"b":1}]}`, `{"a":[{"c":1}]}`}: 2, {`{"state":"none"}`, `{"state":"bound"}`}: 1, {`{"a":null}`, `{"a":1}`}: 1, {`{}`, `[]`}: 1,
	} {
		var shown, got any
		if json.Unmarshal([]byte(pair[0]), &shown) != nil || json.Unmarshal([]byte(pair[1]), &got) != nil {
			t.Fatal(pair)
		}
		if wrong := differ("", shown, got); len(wrong) != want {
			t.Errorf("%s: %q", pair, wrong)
		}
	}
}
