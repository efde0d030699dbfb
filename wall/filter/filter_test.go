package filter

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestFind_WordsStandForThemselves(t *testing.T) {
	lists := []List{{"list", []string{"vx", "spam", "casino", "加v", "加vx", "谢谢", "赌", "sos", "10086", "c++", "  ", "!", "黑话 ", strings.Repeat("长", MaxWord+1)}}}
	w := Compile(lists, Options{Pinyin: true})
	for text, want := range map[string]string{
		"love x":                       "",
		"lovevx":                       "",
		"my v x":                       "vx",
		"lov vx":                       "vx",
		"加vxabc":                       "加vx",
		"加vip":                         "",
		"加v":                           "加v",
		"茄v":                           "",
		"谢":                            "",
		"谢谢谢":                          "谢谢",
		"多谢 谢":                         "谢谢",
		"堵车":                           "",
		"赌":                            "赌",
		"505":                          "",
		"s0s":                          "sos",
		"call 10086":                   "10086",
		"100861":                       "",
		"1oo86":                        "",
		"c++":                          "c++",
		"c":                            "",
		"spamming":                     "",
		"xcasinox":                     "casino",
		"mega cas in o":                "casino",
		"megacas in o":                 "",
		"读":                            "",
		"sp":                           "",
		"黑2345话":                       "",
		"黑234话":                        "黑话",
		strings.Repeat("长", MaxWord+1): "",
	} {
		if h, _ := w.Find(text); h.Word != want {
			t.Errorf("%q: %q, want %q", text, h.Word, want)
		}
	}
}

func TestFind_SaysWhereAndFromWhichList(t *testing.T) {
	w := Compile([]List{{"a", []string{"刷单"}}, {"b", []string{"spam"}}}, Options{Pinyin: true})
	const text = "来刷.單吧, no ｓpam, shuadan"
	got := ""
	for _, h := range w.FindAll(text, 10) {
		got += fmt.Sprintf("%s %s [%s] %v; ", h.List, h.Word, text[h.From:h.To], h.Sound)
	}
	if got != "a 刷单 [刷.單] false; b spam [ｓpam] false; " {
		t.Error(got)
	}
	if h, ok := w.Find("shua dan"); !ok || !h.Sound || h.From != 0 || h.To != 8 {
		t.Errorf("%+v", h)
	}
	for _, none := range []*Words{nil, Compile(nil, Options{}), Compile([]List{{"blank", []string{" ", "——"}}}, Options{Pinyin: true})} {
		if _, ok := none.Find("刷单"); ok || !none.Empty() {
			t.Error("there is no word")
		}
	}
}

// TestAutomaton_FindsWhatASearchFinds compares with looking for each word by itself.
func TestAutomaton_FindsWhatASearchFinds(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteRune(rune('甲' + 7*dice.IntN(3)))
		}
		return b.String()
	}
	for range 300 {
		var words []string
		for range 1 + dice.IntN(12) {
			words = append(words, draw(1+dice.IntN(4)))
		}
		text := draw(dice.IntN(30))
		a := newAutomaton()
		for i, w := range words {
			a.add(cellsOf(w), int32(i))
		}
		a.build()
		var got, want []string
		a.find(cellsOf(text), func(word int32, last int) bool {
			got = append(got, fmt.Sprint(word, last))
			return false
		})
		for i, w := range words {
			for at := range []rune(text) {
				if strings.HasPrefix(string([]rune(text)[at:]), w) {
					want = append(want, fmt.Sprint(i, at+len([]rune(w))-1))
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q: %v, want %v", words, text, got, want)
		}
	}
}

func cellsOf(s string) (cells []cell) {
	for _, r := range s {
		cells = append(cells, cell{r: r, n: 1})
	}
	return cells
}

func TestHasLink(t *testing.T) {
	for _, text := range []string{"see https://a.example/x", "www.example.com", "example.com", "ｅｘａｍｐｌｅ．ｃｏｍ", "t.cn/abc", "exa\u200bmple.com",
		"example 点 com", "example点com", "example [.] com", "example(dot)com", "example dot com", "h t t p s : / / x", "example 。cn", "EXAMPLE.ORG", "ex\u0336ample.com"} {
		if !HasLink(text) {
			t.Errorf("no link in %q", text)
		}
	}
	for _, text := range lines(t, "harmless.txt") {
		if HasLink(text) {
			t.Errorf("a link in %q", text)
		}
	}
}

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"主持人": true, "主 持 人": true, "主持人小王": true, "管理員": true, "官方客服": true, "Admin": true, "Аdmin": true, "ADM1N": true, "the host": true,
		"春晚现场": true, "春晚現場": true, "春晚现场小编": true, "系统": true, "系 统": true, "M.C.": true,
		"小王": false, "ghost": false, "系统工程师老张": false, "春晚": false, "阳光": false, "🌻": false, "": false, "Hostetler": false,
	} {
		if got := Reserved(name, "春晚现场"); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if Reserved("小明爱吃糖", "小明") || !Reserved("小明", "小明") {
		t.Error("a short name of an account is reserved as a whole only")
	}
}

func TestSkeleton_OfNamesThatLookAlike(t *testing.T) {
	for _, pair := range [][2]string{{"小明", "小 明"}, {"小明", "小\u200b明"}, {"Lily", "LiIy"}, {"Lily", "L1ly"}, {"Lily", "Ｌｉｌｙ"}, {"王大锤", "王大錘"}, {"paypal", "раураl"}, {"小明", "小明。"}, {"李土", "李士"}} {
		if Skeleton(pair[0]) != Skeleton(pair[1]) {
			t.Errorf("%q and %q do not", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"小明", "小明明"}, {"小明", "小红"}, {"小明", "小明🌟"}, {"🌟", "🌙"}, {"Anna", "Ana"}} {
		if Skeleton(pair[0]) == Skeleton(pair[1]) {
			t.Errorf("%q and %q do", pair[0], pair[1])
		}
	}
}

func TestCleanName(t *testing.T) {
	for name, want := range map[string]string{" 小  王 ": "小 王", "a\u202eb": "ab", "👩‍🚀": "👩‍🚀", "\u200b": "", "。。": "", "一二三四五六七八九十一二三四五六": "一二三四五六七八九十一二三四五六",
		"一二三四五六七八九十一二三四五六七": ""} {
		if got, ok := CleanName(name); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, c := range tricks(f) {
		f.Add(c.text)
	}
	w := Compile(testLists(tricks(f)), Options{Pinyin: true})
	f.Fuzz(func(t *testing.T, text string) {
		for _, h := range w.FindAll(text, 5) {
			if h.From < 0 || h.To > max(len(text), len(string([]rune(text)))) || h.From >= h.To {
				t.Errorf("%+v in %q", h, text)
			}
		}
		HasLink(text)
		Skeleton(text)
		CleanName(text)
	})
}

func BenchmarkFind(b *testing.B) {
	var words []string
	dice := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var w []rune
		for range 2 + dice.IntN(4) {
			w = append(w, rune(0x4e00+dice.IntN(5000)))
		}
		words = append(words, string(w))
	}
	w := Compile([]List{{"many", words}}, Options{Pinyin: true})
	texts := lines(b, "harmless.txt")
	b.ResetTimer()
	for i := range b.N {
		w.Find(texts[i%len(texts)])
	}
}
