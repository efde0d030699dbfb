package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"callbackd"
)

// TestAccount_OnAnEmptyFolderWithoutServerAndNetwork registers, lists, shows,
// changes and removes one.
func TestAccount_OnAnEmptyFolderWithoutServerAndNetwork(t *testing.T) {
	s := newShell(t)
	s.env["CALLBACKD_PUBLIC_URL"] = "https://wall.example"
	added := s.done(accountJSON(nil), "account", "add", "spring", "--from", "-")
	if shown := s.done("", "account", "show", "spring"); shown != added {
		t.Errorf("show says %s, add said %s", shown, added)
	}
	var got map[string]any
	s.must(json.Unmarshal([]byte(added), &got))
	want := map[string]any{"slug": "spring", "name": "春晚现场", "original_id": "gh_0123456789ab", "app_id": "wx0123456789abcdef", "app_secret": "[secret]",
		"token": "[secret]", "aes_key": "[secret]", "mode": "safe", "moderation": "auto", "join_url": "http://weixin.qq.com/r/x", "owner": "tv",
		"mpweb":             map[string]any{"username": "operator@example.com", "password": "[secret]", "dialect": "2014"},
		"resolve":           []any{"msg-id", "create-time"},
		"mention_detection": "on", "receive_switch": "on", "mention_exclusive": "off",
		"filters":      map[string]any{"per_minute": 6.0, "hold_first": true, "pinyin": false},
		"callback_url": "https://wall.example/callback/spring", "wall_url": "https://wall.example/wall/spring"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s", added)
	}
	s.noSecrets("the answer", added)
	a := s.account("spring")
	if a.Token != testToken || a.AppSecret != testSecret || a.AESKey != testKey || a.MPWeb.Password != testPass {
		t.Error("a secret is not what was written")
	}
	if list := s.done("", "account", "list"); list != "spring\t春晚现场\tsafe\tauto\n" {
		t.Errorf("%q", list)
	}
	s.done(`{"name":"元宵"}`, "account", "set", "spring", "--from", "-")
	s.done("", "account", "remove", "spring", "--yes")
	if list := s.done("", "account", "list"); list != "" {
		t.Errorf("%q", list)
	}
	info, err := os.Stat(s.env["CALLBACKD_DATA_DIR"])
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	key, err := os.Stat(filepath.Join(s.env["CALLBACKD_DATA_DIR"], "secret.key"))
	if err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", key.Mode(), err)
	}
}

func TestAccount_SecretsAreSealedInTheFile(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	for _, name := range s.files() {
		if name == "blobs" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(s.env["CALLBACKD_DATA_DIR"], name))
		s.must(err)
		s.noSecrets(name, string(b))
	}
}

func TestAccountAdd_TheLeastThatWorks(t *testing.T) {
	s := newShell(t)
	for slug, input := range map[string]string{
		"absent": `{"name":"春晚","original_id":"gh_0123456789ab","token":"springToken2014","mode":"plain"}`,
		"empty": `{"name":"春晚","original_id":"gh_0123456789ab","token":"springToken2014","mode":"plain","moderation":"","app_id":"","app_secret":"","aes_key":"",
			"mpweb":"","resolve":"","join_url":"","owner":"","welcome":""}`,
		"null": ` {"name":" 春晚\t","original_id":"gh_0123456789ab\n","token":" springToken2014 ","mode":null,"moderation":null,"app_id":null,"app_secret":null,
			"aes_key":null,"mpweb":null,"resolve":null,"join_url":null,"owner":null,"welcome":null,
			"mention_detection":null,"receive_switch":"","mention_exclusive":null,"notice_template":null} `,
		"no-login": `{"name":"春晚","original_id":"gh_0123456789ab","token":"springToken2014","mpweb":{"username":"","password":"","dialect":""},"resolve":[]}`,
		"no-keys":  `{"name":"春晚","original_id":"gh_0123456789ab","token":"springToken2014","mpweb":{}}`,
	} {
		s.done(input, "account", "add", slug, "--from", "-")
		a := s.account(callbackd.Slug(slug))
		want := callbackd.Account{ID: a.ID, CreatedAt: a.CreatedAt, Slug: callbackd.Slug(slug), Name: "春晚", OriginalID: "gh_0123456789ab", Token: testToken,
			Mode: callbackd.ModePlain, Moderation: callbackd.ModerationHold}
		if !reflect.DeepEqual(*a, want) {
			t.Errorf("%s: %+v", slug, *a)
		}
	}
}

func TestAccountAdd_ChoosesWhatWasNotSaid(t *testing.T) {
	s := newShell(t)
	s.add("keyed", map[string]any{"mode": nil, "moderation": nil, "resolve": nil, "mpweb": map[string]any{"username": "u"}})
	a := s.account("keyed")
	if a.Mode != callbackd.ModeSafe || a.Moderation != callbackd.ModerationHold || a.MPWeb.Dialect != callbackd.Dialect2016 || len(a.Resolve) != 0 {
		t.Errorf("%+v", a)
	}
	for written, code := range map[string]string{"MP_verify_aBcDeFgH12345678.txt": "aBcDeFgH12345678", " aBcDeFgH87654321\n": "aBcDeFgH87654321"} {
		out := s.done(fmt.Sprintf(`{"mp_verify":%q}`, written), "account", "set", "keyed", "--from", "-")
		if !strings.Contains(out, `"mp_verify": "`+code+`"`) {
			t.Errorf("%q: %s", written, out)
		}
	}
	if out := s.done("", "account", "show", "keyed"); !strings.Contains(out, `"open-id"`) {
		t.Errorf("the dialect's own order is not shown: %s", out)
	}
	s.must(os.WriteFile("account.json", []byte(accountJSON(nil)), 0o600))
	s.done("", "account", "add", "file", "--from", "account.json")
}

// TestAccountAdd_RefusesWhatCannotWork: one line that says why, nothing made,
// nothing told.
func TestAccountAdd_RefusesWhatCannotWork(t *testing.T) {
	type m = map[string]any
	login := func(change m) m {
		fields := m{"username": "u", "password": testPass, "dialect": "2014"}
		for k, v := range change {
			fields[k] = v
		}
		return m{"mpweb": fields}
	}
	for name, c := range map[string]struct{ input, words string }{
		"nothing":                {"", "write an object like"},
		"no JSON":                {"name: x", "is not JSON"},
		"a list":                 {"[]", "not a JSON object"},
		"null":                   {"null", "not a JSON object"},
		"two objects":            {"{}{}", "is not JSON"},
		"too much":               {strings.Repeat(" ", maxAccount+1), "over 1 MiB"},
		"unknown key":            {accountJSON(m{"appid": "wx0123456789abcdef"}), `unknown key "appid" in the account: callbackd account add --help`},
		"a key in other letters": {accountJSON(m{"Token": testToken}), `unknown key "Token"`},
		"no name":                {accountJSON(m{"name": nil}), "name is missing"},
		"blank name":             {accountJSON(m{"name": " "}), "name is missing"},
		"name of two lines":      {accountJSON(m{"name": "a\nb"}), "one line"},
		"long name":              {accountJSON(m{"name": strings.Repeat("名", 61)}), "at most 60"},
		"no original id":         {accountJSON(m{"original_id": ""}), "original_id is missing"},
		"wrong original id":      {accountJSON(m{"original_id": "gh_0123"}), "original_id"},
		"wrong app id":           {accountJSON(m{"app_id": "wx01"}), "app_id"},
		"secret without app id":  {accountJSON(m{"app_id": "", "mode": "plain", "aes_key": ""}), "app_secret without app_id"},
		"secret of two words":    {accountJSON(m{"app_secret": testSecret + " x"}), "app_secret: it is one word"},
		"no token":               {accountJSON(m{"token": nil}), "token is missing"},
		"short token":            {accountJSON(m{"token": "ab"}), "3–32 letters and digits"},
		"token with signs":       {accountJSON(m{"token": testToken + "-"}), "3–32 letters and digits"},
		"no file for mp_verify":  {accountJSON(m{"mp_verify": "../MP_verify_x.txt"}), "mp_verify: it is what the file"},
		"unknown mode":           {accountJSON(m{"mode": "secure"}), "write plain, compatible or safe"},
		"unknown moderation":     {accountJSON(m{"moderation": "none"}), "write hold, auto or open"},
		"safe without key":       {accountJSON(m{"aes_key": ""}), "mode safe needs aes_key"},
		"compatible without key": {accountJSON(m{"aes_key": "", "mode": "compatible"}), "mode compatible needs aes_key"},
		"safe without app id":    {accountJSON(m{"app_id": "", "app_secret": ""}), "mode safe needs app_id"},
		"short key":              {accountJSON(m{"aes_key": testKey[:42]}), "aes_key"},
		"long key":               {accountJSON(m{"aes_key": testKey + "A"}), "aes_key"},
		"key with a break":       {accountJSON(m{"aes_key": testKey[:20] + "\n" + testKey[20:]}), "aes_key"},
		"key with signs":         {accountJSON(m{"aes_key": "-" + testKey[1:]}), "aes_key"},
		"number for a word":      {accountJSON(m{"token": 12345}), "token: write a word in quotes"},
		"printed secret":         {accountJSON(m{"app_secret": "[secret]"}), "app_secret is [secret]"},
		"join_url no address":    {accountJSON(m{"join_url": "weixin.qq.com/r/x"}), "join_url"},
		"join_url no host":       {accountJSON(m{"join_url": "http:///r/x"}), "join_url"},
		"join_url script":        {accountJSON(m{"join_url": "javascript:alert(1)"}), "join_url"},
		"join_url too long":      {accountJSON(m{"join_url": "http://x.example/" + strings.Repeat("x", 1000)}), "join_url"},
		"mpweb a word":           {accountJSON(m{"mpweb": "operator"}), "mpweb is not a JSON object"},
		"mpweb unknown key":      {accountJSON(login(m{"user": "x"})), `unknown key "user" in mpweb`},
		"mpweb number":           {accountJSON(login(m{"dialect": 2014})), "mpweb.dialect: write a word in quotes"},
		"mpweb no name":          {accountJSON(login(m{"username": nil})), "mpweb.username is missing"},
		"mpweb unknown dialect":  {accountJSON(login(m{"dialect": "2013"})), "write 2014 or 2016"},
		"mpweb printed secret":   {accountJSON(login(m{"password": "[secret]"})), "mpweb.password is [secret]"},
		"resolve without mpweb":  {accountJSON(m{"mpweb": nil}), "resolve needs mpweb"},
		"resolve a word":         {accountJSON(m{"resolve": "msg-id"}), "resolve: write a list"},
		"resolve unknown":        {accountJSON(m{"resolve": []string{"guess"}}), `"guess" is no strategy`},
		"resolve twice":          {accountJSON(m{"resolve": []string{"msg-id", "msg-id"}}), "msg-id stands twice"},
		"open-id in 2014":        {accountJSON(m{"resolve": []string{"open-id"}}), "dialect 2016 only"},
		"user-page in 2016":      {accountJSON(m{"resolve": []string{"user-page"}, "mpweb": m{"username": "u", "dialect": "2016"}}), "dialect 2014 only"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			s.refused(exitFailure, c.words, c.input, "account", "add", "spring", "--from", "-")
			s.noSecrets("the refusal", s.call(c.input, "account", "add", "spring", "--from", "-").stderr)
			if files := s.files(); len(files) != 0 {
				t.Errorf("%q were made", files)
			}
		})
	}
	s := newShell(t)
	for _, slug := range []string{"a", "Spring", "春晚", "a b", "a/b", "..", strings.Repeat("a", 41), ""} {
		s.refused(exitFailure, "use 2–40 of", accountJSON(nil), "account", "add", slug, "--from", "-")
	}
	s.refused(exitFailure, "no such file", "", "account", "add", "spring", "--from", "nowhere.json")
	s.add("spring", nil)
	s.refused(exitFailure, "callbackd account set spring changes it", accountJSON(nil), "account", "add", "spring", "--from", "-")
}

func TestAccount_WrongUsage(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	for _, args := range [][]string{
		{"account"}, {"account", "bogus"}, {"account", "add"}, {"account", "add", "spring"}, {"account", "set", "spring"}, {"account", "show"},
		{"account", "add", "a", "b", "--from", "-"}, {"account", "list", "x"}, {"account", "remove"}, {"account", "set", "spring", "--bogus"},
	} {
		s.refused(exitUsage, "", "", args...)
	}
}

func TestAccount_ThatIsNotThere(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{
		{"account", "show", "nobody"}, {"account", "set", "nobody", "--from", "-"}, {"account", "remove", "nobody", "--yes"}, {"account", "login", "nobody"},
		{"message", "list", "nobody"}, {"message", "approve", "nobody", "x"}, {"doctor", "nobody"},
	} {
		s.refused(exitFailure, `there is no account "nobody": callbackd account list shows all`, "{}", args...)
	}
}

func TestAccountSet_MissingStaysNullRemoves(t *testing.T) {
	full := func() *callbackd.Account {
		return &callbackd.Account{Slug: "spring", Name: "春晚现场", OriginalID: "gh_0123456789ab", AppID: "wx0123456789abcdef", AppSecret: testSecret, Token: testToken,
			AESKey: testKey, Mode: callbackd.ModeSafe, Moderation: callbackd.ModerationAuto, JoinURL: "http://weixin.qq.com/r/x", Owner: "tv",
			MPWeb:   &callbackd.MPWebLogin{Username: "operator@example.com", Password: testPass, Dialect: callbackd.Dialect2014},
			Resolve: []callbackd.Strategy{callbackd.StrategyMsgID, callbackd.StrategyCreateTime}}
	}
	for input, change := range map[string]func(*callbackd.Account){
		`{}`:                                  func(*callbackd.Account) {},
		`{"name":"元宵","moderation":"open"}`:   func(a *callbackd.Account) { a.Name, a.Moderation = "元宵", callbackd.ModerationOpen },
		`{"join_url":null,"owner":""}`:        func(a *callbackd.Account) { a.JoinURL, a.Owner = "", "" },
		`{"app_secret":null}`:                 func(a *callbackd.Account) { a.AppSecret = "" },
		`{"moderation":null}`:                 func(a *callbackd.Account) { a.Moderation = callbackd.ModerationHold },
		`{"resolve":null}`:                    func(a *callbackd.Account) { a.Resolve = nil },
		`{"resolve":["create-time"]}`:         func(a *callbackd.Account) { a.Resolve = []callbackd.Strategy{callbackd.StrategyCreateTime} },
		`{"mpweb":null,"resolve":null}`:       func(a *callbackd.Account) { a.MPWeb, a.Resolve = nil, nil },
		`{"mpweb":"","resolve":""}`:           func(a *callbackd.Account) { a.MPWeb, a.Resolve = nil, nil },
		`{"mpweb":{}}`:                        func(*callbackd.Account) {},
		`{"mpweb":{"password":null}}`:         func(a *callbackd.Account) { a.MPWeb.Password = "" },
		`{"mpweb":{"password":" new pass "}}`: func(a *callbackd.Account) { a.MPWeb.Password = " new pass " },
		`{"mpweb":{"dialect":"2016"},"resolve":null}`: func(a *callbackd.Account) {
			a.MPWeb.Dialect, a.Resolve = callbackd.Dialect2016, nil
		},
		`{"welcome":"来了！{wall}"}`: func(a *callbackd.Account) { a.Welcome = "来了！{wall}" },
	} {
		s := newShell(t)
		s.add("spring", nil)
		s.noSecrets("the answer", s.done(input, "account", "set", "spring", "--from", "-"))
		got, want := s.account("spring"), full()
		want.ID, want.CreatedAt = got.ID, got.CreatedAt
		change(want)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", input, got, want)
		}
	}
}

func TestAccountSet_RefusesWhatWouldNotWorkAnyMore(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	for input, words := range map[string]string{
		`{"name":null}`: "name is missing", `{"aes_key":null}`: "mode safe needs aes_key", `{"app_id":null}`: "app_secret without app_id",
		`{"mpweb":null}`: "resolve needs mpweb", `{"mpweb":{"dialect":"2016"}}`: "", `{"mpweb":{"username":""}}`: "mpweb.username is missing", `{"slug":"other"}`: "unknown key",
	} {
		if words == "" { // msg-id and create-time read the pages of 2016, too
			s.done(input, "account", "set", "spring", "--from", "-")
			continue
		}
		s.refused(exitFailure, words, input, "account", "set", "spring", "--from", "-")
	}
	if a := s.account("spring"); a.Name != "春晚现场" || a.AESKey != testKey || a.MPWeb == nil {
		t.Errorf("a refused change changed something: %+v", a)
	}
	s.done(`{"mpweb":null,"resolve":null}`, "account", "set", "spring", "--from", "-")
	s.refused(exitFailure, "mpweb.username is missing", `{"mpweb":{"dialect":"2014"}}`, "account", "set", "spring", "--from", "-")
}

func TestAccountSet_AReplacedKeyOpensForSevenDays(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	set := func(input string) *callbackd.Account {
		t.Helper()
		s.done(input, "account", "set", "spring", "--from", "-")
		return s.account("spring")
	}
	if a := set(`{"name":"x"}`); a.PreviousAESKey != "" || !a.PreviousAESKeyUntil.IsZero() {
		t.Errorf("%+v", a)
	}
	before := time.Now()
	a := set(`{"aes_key":"` + otherKey + `"}`)
	if a.AESKey != otherKey || a.PreviousAESKey != testKey {
		t.Error("the replaced key is not kept")
	}
	if left := a.PreviousAESKeyUntil.Sub(before); left < 7*24*time.Hour-time.Second || left > 7*24*time.Hour+patience {
		t.Errorf("for %s", left)
	}
	if again := set(`{"aes_key":"` + otherKey + `"}`); again.PreviousAESKey != testKey || !again.PreviousAESKeyUntil.Equal(a.PreviousAESKeyUntil) {
		t.Error("the same key again changes something")
	}
	if a := set(`{"aes_key":null,"mode":"plain"}`); a.AESKey != "" || a.PreviousAESKey != otherKey {
		t.Error("a key that was taken out does not open any more")
	}
}

func TestAccountRemove_AsksAndLeavesNothing(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	s.add("other", nil)
	i := s.installation()
	i.say(t, s.account("spring"), "oA", "weg damit")
	kept := i.say(t, s.account("other"), "oB", "bleibt")
	for stdin, code := range map[string]int{"": exitUsage, "no\n": exitFailure, "other\n": exitFailure} {
		r := s.call(stdin, "account", "remove", "spring")
		if r.code != code || r.stdout != "" || !strings.Contains(r.stderr, "nothing was removed") {
			t.Errorf("%q: %+v", stdin, r)
		}
	}
	if list := s.done("", "account", "list"); !strings.Contains(list, "spring") {
		t.Fatal("removed without a yes")
	}
	if out := s.done("spring\n", "account", "remove", "spring"); out != "removed spring\n" {
		t.Errorf("%q", out)
	}
	if list := s.done("", "message", "list", "other"); !strings.Contains(list, string(kept)) {
		t.Errorf("another account lost something: %q", list)
	}
	s.add("spring", nil)
	if list := s.done("", "message", "list", "spring"); list != "" {
		t.Errorf("the old messages are back: %q", list)
	}
}

func TestAccountRemove_TakesItsFiles(t *testing.T) {
	s := newShell(t)
	s.add("spring", nil)
	i := s.installation()
	a := s.account("spring")
	ctx := context.Background()
	i.say(t, a, "oA", "x")
	s.must(i.db.SetPerson(ctx, a.ID, personWithFace(t, i, "oA")))
	s.done("", "account", "remove", "spring", "--yes")
	if _, _, err := i.blobs.Open(ctx, "avatars/face"); err == nil {
		t.Error("a picture of a person stays")
	}
}
