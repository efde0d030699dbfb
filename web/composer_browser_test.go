package web_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"callbackd/internal/testkit/walltest"
	"callbackd/web"
)

const (
	box     = `document.querySelector('#composer textarea')`
	sending = `document.getElementById('composer').dataset.state`
)

// people are named as people are: long, with blanks, one an attack.
func people() []walltest.Person {
	all := []walltest.Person{{Token: "tokenofzhang", Name: "张三", Avatar: "/media/face/1"}, {Token: "tokenofzhangsan", Name: "张三丰 (太极) 👨‍👩‍👧", Avatar: "/media/face/2"},
		{Token: "tokenofevil", Name: `张"><img src=x onerror=alert(1)>`, Avatar: "//evil.example/x"}}
	for i := range 9 {
		all = append(all, walltest.Person{Token: fmt.Sprint("tokenofmany", i), Name: fmt.Sprint("李", i), Avatar: "/media/face/3"})
	}
	return all
}

func TestBrowser_SpeaksAndMentionsWhoWasChosen(t *testing.T) {
	w := walltest.New(t)
	w.Say("晚上好")
	w.API.People = people()
	b := openBound(t, w, 1280, 900)
	b.click("#composer textarea")
	b.keys("你好 @李")
	b.until("at most eight people", `document.querySelectorAll('#people [role=option]').length === 8 && `+sees("#people"))
	if w.API.Asked("GET me/people") == 0 {
		t.Error("nobody was asked for")
	}
	b.keys(kb.Backspace)
	b.until("without a letter nobody is offered", `!`+sees("#people"))
	b.keys("张")
	b.until("three people", `document.querySelectorAll('#people [role=option]').length === 3`)
	if n := eval[int](b, `document.querySelectorAll('#people [onerror], #people img[src=x], #people img[src*=evil]').length`); n != 0 {
		t.Error("a name became an element, or a face comes from elsewhere")
	}
	b.picture("composer-chooser-1280")
	b.keys(kb.ArrowDown)
	if at := eval[string](b, box+`.getAttribute('aria-activedescendant')`); at != "person-1" || !eval[bool](b, `document.getElementById('person-1').ariaSelected === 'true'`) {
		t.Errorf("the arrow leads to %s", at)
	}
	b.keys(kb.Enter)
	b.until("the name is there", box+`.value === '你好 @张三丰 (太极) 👨‍👩‍👧 ' && !`+sees("#people"))
	b.keys("和@张")
	b.until("people again", sees("#people"))
	b.click("#people [role=option]")
	b.keys("再见")
	if chips := eval[[]string](b, `[...document.querySelectorAll('#composer mark')].map((m) => m.textContent)`); !reflect.DeepEqual(chips, []string{"@张三丰 (太极) 👨‍👩‍👧", "@张三"}) {
		t.Errorf("chips: %q", chips)
	}
	b.picture("composer-chips-1280")
	b.keys(kb.Enter)
	b.until("delivered", sending+` === 'waiting' && `+box+`.value === ''`)
	if said := w.API.Said(); len(said) != 1 || said[0].Text != "你好 @{tokenofzhangsan} 和@{tokenofzhang} 再见" || len(said[0].Key) < 16 {
		t.Errorf("said: %+v", said)
	}
	b.picture("composer-sent-1280")
}

// Guard: what was typed is kept until the server has it, over errors, breaks and
// reloads; and it is said once.
func TestBrowser_NothingTypedIsLostOrSaidTwice(t *testing.T) {
	w := walltest.New(t)
	w.API.People = people()
	b := openBound(t, w, 390, 844)
	w.API.Fail("POST me/messages", 0, 500, 429)
	b.click("#composer textarea")
	b.keys("@张")
	b.until("people", sees("#people"))
	b.picture("composer-chooser-390")
	b.click("#people [role=option]")
	b.keys("第一句")
	b.click("#composer button[type=submit]")
	b.until("it failed", sending+` === 'failed'`)
	b.picture("composer-failed-390")
	if len(w.API.Said()) != 1 {
		t.Fatal("this test wants a server that has it, and an answer that was lost")
	}
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.until("what was typed is there again", box+`?.value === '@张三 第一句' && `+sending+` === 'failed'`)
	b.click("#composer button[type=submit]")
	b.until("it failed again", sending+` === 'failed' && !`+box+`.readOnly`)
	b.click("#composer button[type=submit]")
	b.until("too fast", sending+` === 'busy' && `+box+`.value === '@张三 第一句'`)
	if line := b.reads("#composer [data-part=line]"); !strings.Contains(line, "7 秒") {
		t.Errorf("the wait: %q", line)
	}
	b.click("#composer button[type=submit]")
	b.until("delivered", sending+` === 'waiting' && `+box+`.value === ''`)
	if said := w.API.Said(); len(said) != 1 || said[0].Text != "@{tokenofzhang} 第一句" {
		t.Errorf("said: %+v", said)
	}
	b.navigate(w.PageURL() + "?lang=zh-CN")
	b.until("the box is empty", box+`?.value === '' && `+sees("#composer"))
}

// The same key says the same words: a try that may have arrived keeps it, other
// words have another.
func TestBrowser_OtherWordsAreAnotherMessage(t *testing.T) {
	w := walltest.New(t)
	b := openBound(t, w, 1280, 900)
	w.API.Fail("POST me/messages", 0, 0)
	b.click("#composer textarea")
	b.keys("eins" + kb.Enter)
	b.until("the answer was lost", sending+` === 'failed' && !`+box+`.readOnly`)
	b.keys(kb.Enter)
	b.until("lost again", fmt.Sprintf(`%s === 'failed' && !%s.readOnly`, sending, box))
	walltest.Eventually(t, "both tries came", func() bool { return w.API.Asked("POST me/messages") == 2 })
	if n := len(w.API.Said()); n != 1 {
		t.Fatalf("said %d times", n)
	}
	b.keys(" zwei" + kb.Enter)
	b.until("delivered", sending+` === 'waiting'`)
	if said := w.API.Said(); len(said) != 2 || said[1].Text != "eins zwei" || said[0].Key == said[1].Key {
		t.Errorf("said: %+v", said)
	}
}

// The text under the chips, without a page.
func TestBrowser_Mentions(t *testing.T) {
	b := feedPage(t)
	path, err := web.StaticPath("js/mentions.js")
	if err != nil {
		t.Fatal(err)
	}
	const zhang = `{ name: '张三', token: 'tok' }`
	tests := []struct{ name, body, want string }{
		{"an @ with letters after it asks", `m.edit('hi @ab', 6); return m.question(6);`, "ab"},
		{"an @ alone does not", `m.edit('hi @', 4); return m.question(4);`, ""},
		{"nor one inside an address", `m.edit('a@b.com', 3); return m.question(3);`, ""},
		{"a wide one does", `m.edit('＠张', 2); return m.question(2);`, "张"},
		{"a blank ends the question", `m.edit('@ab c', 5); return m.question(5);`, ""},
		{"who is chosen is sent as a token", `m.edit('@张', 2); const c = m.choose(2, ` + zhang + `); return m.sent() + c;`, "@{tok}4"},
		{"inside a chip nobody is asked for", `m.edit('@张', 2); m.choose(2, ` + zhang + `); return m.question(2) + m.question(3);`, ""},
		{"words before it move it", `m.edit('@张', 2); m.choose(2, ` + zhang + `); m.edit('哎哎@张三 ', 2); return m.sent();`, "哎哎@{tok}"},
		{"words after it do not", `m.edit('@张', 2); m.choose(2, ` + zhang + `); m.edit('@张三 好', 5); return m.sent();`, "@{tok} 好"},
		{"the same words twice are told apart", `m.edit('@张', 2); m.choose(2, ` + zhang + `); m.edit('@张三 @张三 ', 4); return m.sent();`, "@张三 @{tok}"},
		{"biting into it takes it whole", `m.edit('a @张', 4); m.choose(4, ` + zhang + `); m.edit('a @张三 b', 7); m.edit('a @张 b', 4); return m.text + '|' + m.sent();`, "a  b|a  b"},
		{"from its front too", `m.edit('a @张', 4); m.choose(4, ` + zhang + `); m.edit('a 张三 ', 2); return m.text + '|' + m.sent();`, "a  |a"},
		{"what is written into it makes words of it", `m.edit('@张', 2); m.choose(2, ` + zhang + `); m.edit('@张x三 ', 3); return m.sent();`, "@张x三"},
		{"all of it replaced", `m.edit('@张', 2); m.choose(2, ` + zhang + `); m.edit('q', 1); return m.sent();`, "q"},
		{"two chips, the first taken out", `m.edit('@张', 2); m.choose(2, ` + zhang + `); m.edit('@张三 @李', 6); m.choose(6, { name: '李四', token: 'two' }); m.edit('@张 @李四 ', 2); return m.text + '|' + m.sent();`, " @李四 |@{two}"},
		{"a choice in the middle", `m.edit('x @张 y', 4); m.choose(4, ` + zhang + `); return m.text + '|' + m.sent();`, "x @张三 y|x @{tok} y"},
	}
	for _, tt := range tests {
		got := eval[string](b, `(async () => { const { Mentions } = await import('`+path+`'); const m = new Mentions(); `+tt.body+` })()`)
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
