package notify_test

import (
	"slices"
	"strings"
	"testing"

	"callbackd"
	"callbackd/notify"
)

// people is an account's followers by folded name and by token.
type people struct {
	names  map[string][]callbackd.SenderID
	tokens map[string]callbackd.SenderID
}

func (p people) ByName(folded string) []callbackd.SenderID { return p.names[folded] }
func (p people) ByToken(token string) (callbackd.SenderID, bool) {
	id, ok := p.tokens[token]
	return id, ok
}

func crowd() people {
	p := people{names: map[string][]callbackd.SenderID{}, tokens: map[string]callbackd.SenderID{"0123456789abcdefghjk": 90}}
	for i, n := range []string{"张三", "张三丰", "李四", "李四", "李四光", "Tom", "Tom Lee", "小明1", "❤\ufe0f阿珍", "👨\u200d👩\u200d👧", "👨", "ＡＢＣ", "a@b", "王 五", "Ünal", "赵六"} {
		k := notify.FoldName(n)
		p.names[k] = append(p.names[k], callbackd.SenderID(i+1))
	}
	return p
}

func TestResolveMentions(t *testing.T) {
	for text, want := range map[string][]callbackd.SenderID{
		"@张三你好":                       {1},
		"@张三丰你好":                      {2},
		"你好@张三丰 再见@赵六":                {2, 16},
		"@张三@张三 @张三丰":                 {1, 2},
		"@李四你好":                       nil, // two have this name
		"@李四光":                        {5},
		"@李四光年":                       {5},
		"@tom, hi":                    {6},
		"@tomorrow":                   nil,
		"@tom2":                       nil,
		"@TOM  lee!":                  {7},
		"@Tom Leeds":                  {6},
		"＠ｔｏｍ":                        {6},
		"@小明12":                       nil,
		"@小明1号":                       {8},
		"@❤阿珍":                        {9},
		"@❤\ufe0f阿珍 在":                {9},
		"@👨\u200d👩\u200d👧!":           {10},
		"@👨 hi":                       {11},
		"@👨\u200d🚒":                   nil,
		"@👨🏽":                         nil,
		"@abc":                        {12},
		"@a@b\u2005hi":                {13},
		"@王　五":                        {14},
		"@ünal":                       {15},
		"@unal":                       nil,
		"@张三\u2005你好":                 {1},
		"@张三你\u2005好":                 nil, // the chosen name is another person's
		"@李四\u2005":                   nil,
		"@ 张三":                        nil,
		"@\u2005张三":                   nil,
		"@\n张三":                       nil,
		"mail x@tom.example":          nil,
		"@王\n五":                       nil,
		"@tom\u200borrow":             nil,
		"hi@张三":                       {1},
		"@@张三":                        {1},
		"@":                           nil,
		"张三":                          nil,
		"@{0123456789abcdefghjk} ok":  {90},
		"@{00000000000000000000} @张三": {1},
		"@{0123456789ABCDEFGHJK}":     nil,
		"@赵六@张三@张三丰@tom @abc @王 五 @ünal": {16, 1, 2, 6, 12},
		"@赵\u200b六":   {16},
		"\xff@张三\xff": {1},
		"@" + strings.Repeat("长", 500) + " @张三": {1},
		strings.Repeat("@无名 ", 300) + "@张三":     nil, // too many to be meant
	} {
		if got := notify.ResolveMentions(text, crowd(), 99); !slices.Equal(got, want) {
			t.Errorf("%.60q: %v, want %v", text, got, want)
		}
	}
}

func TestResolveMentions_NeverTheAuthor(t *testing.T) {
	if got := notify.ResolveMentions("@张三 @赵六 @张三", crowd(), 1); !slices.Equal(got, []callbackd.SenderID{16}) {
		t.Errorf("%v", got)
	}
	if got := notify.ResolveMentions("@{0123456789abcdefghjk}", crowd(), 90); got != nil {
		t.Errorf("%v", got)
	}
}

// asking records what is asked for.
type asking struct {
	people
	names, tokens map[string]bool
}

func (a asking) ByName(n string) []callbackd.SenderID { a.names[n] = true; return a.people.ByName(n) }
func (a asking) ByToken(n string) (callbackd.SenderID, bool) {
	a.tokens[n] = true
	return a.people.ByToken(n)
}

func TestMentionKeys_HoldAllThatIsAskedFor(t *testing.T) {
	text := "@张三你好 @Tom  Lee @{0123456789abcdefghjk}@李四\u2005 @a@b\u2005!"
	names, tokens := notify.MentionKeys(text)
	asked := asking{crowd(), map[string]bool{}, map[string]bool{}}
	notify.ResolveMentions(text, asked, 0)
	if len(asked.names) < 5 || len(asked.tokens) != 1 {
		t.Fatalf("asked for %v, %v", asked.names, asked.tokens)
	}
	for n := range asked.names {
		if !slices.Contains(names, n) {
			t.Errorf("%q is missing", n)
		}
	}
	for n := range asked.tokens {
		if !slices.Contains(tokens, n) {
			t.Errorf("%q is missing", n)
		}
	}
}

func TestMentionKeys_AreFewHoweverLongTheText(t *testing.T) {
	if names, _ := notify.MentionKeys("@" + strings.Repeat("长", 500)); len(names) != 65 {
		t.Errorf("%d names", len(names))
	}
	if names, _ := notify.MentionKeys("@无" + strings.Repeat("\u200b", 1000) + "名"); len(names) > 1 {
		t.Errorf("%q", names)
	}
}

func TestReplaceTokens(t *testing.T) {
	name := func(tok string) (string, bool) { return "张三", tok == "0123456789abcdefghjk" }
	if got := notify.ReplaceTokens("a @{0123456789abcdefghjk}, @{zzzzzzzzzzzz} @{x}", name); got != "a @张三, @… @{x}" {
		t.Error(got)
	}
}

func FuzzMentions(f *testing.F) {
	for _, s := range []string{"@张三你好", "@张三\u2005", "@Tom Lee", "＠ｔｏｍ", "@👨\u200d👩\u200d👧", "a@b.com", "@{0123456789abcdefghjk}", "@@@", "\xff@\xfe"} {
		f.Add(s)
	}
	who := crowd()
	f.Fuzz(func(t *testing.T, text string) {
		got := notify.ResolveMentions(text, who, 1)
		if len(got) > notify.MaxMentions || slices.Contains(got, 1) {
			t.Fatalf("%v", got)
		}
		folded := notify.FoldName(text)
		for i, id := range got {
			if slices.Contains(got[:i], id) {
				t.Fatalf("%d twice", id)
			}
			if id == 90 {
				continue
			}
			named := false
			for n, holders := range who.names {
				named = named || len(holders) == 1 && holders[0] == id && strings.Contains(folded, "@"+n)
			}
			if !named {
				t.Fatalf("%d is not named in %q", id, text)
			}
		}
		asked := asking{who, map[string]bool{}, map[string]bool{}}
		names, tokens := notify.MentionKeys(text)
		notify.ResolveMentions(text, asked, 1)
		for n := range asked.names {
			if !slices.Contains(names, n) {
				t.Fatalf("MentionKeys lacks %q", n)
			}
		}
		for n := range asked.tokens {
			if !slices.Contains(tokens, n) {
				t.Fatalf("MentionKeys lacks token %q", n)
			}
		}
		if again := notify.FoldName(folded); again != folded {
			t.Fatalf("folding %q twice gives %q", folded, again)
		}
	})
}
