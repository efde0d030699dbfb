package match

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// NormalText brings the words of a push and of a page into one form, in which
// they are equal whenever they were the same words: HTML escapes opened as
// often as they are there, line breaks, spaces and what no eye can see dropped,
// face codes and face words made alike. It is generous on purpose: two different
// texts that become equal cost a decision, never a person.
func NormalText(s string) string {
	if s == "" {
		return ""
	}
	for range 4 { // "&amp;lt;br>" takes three: an ampersand, a bracket, a line break
		t := openEscapes.Replace(ampersands.ReplaceAllString(s, "&"))
		if t == s {
			break
		}
		s = t
	}
	s = faceWords.Replace(s)
	return strings.Map(visible, s)
}

// ampersands are escapes of escapes, however deep: a page adds one to what the
// follower typed.
var ampersands = regexp.MustCompile(`&(?:amp;|#38;)+`)

var openEscapes = strings.NewReplacer(
	"&lt;", "<", "&gt;", ">", "&quot;", `"`, "&nbsp;", " ",
	"&#39;", "'", "&#039;", "'", "&#x27;", "'", "&apos;", "'", "&#34;", `"`, "&#60;", "<", "&#62;", ">",
	"<br/>", " ", "<br />", " ", "<br>", " ",
)

// visible drops what pages and pushes may treat differently: spaces, controls,
// joiners, variation selectors, private use (old emoji), broken UTF-8.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r), r == unicode.ReplacementChar,
		unicode.In(r, unicode.Cf, unicode.Co, unicode.Variation_Selector):
		return -1
	}
	return r
}

// faceCodes are the classic faces of the clients with their names (§2.5). Pushes
// carry the code; a page may show either.
const faceCodes = `/::)微笑 /::~撇嘴 /::B色 /::|发呆 /:8-)得意 /::<流泪 /::$害羞 /::X闭嘴 /::Z睡 /::'(大哭 /::-|尴尬 /::@发怒 ` +
	`/::P调皮 /::D呲牙 /::O惊讶 /::(难过 /::+酷 /:--b冷汗 /::Q抓狂 /::T吐 /:,@P偷笑 /:,@-D愉快 /::d白眼 /:,@o傲慢 /::g饥饿 ` +
	`/:|-)困 /::!惊恐 /::L流汗 /::>憨笑 /::,@悠闲 /:,@f奋斗 /::-S咒骂 /:?疑问 /:,@x嘘 /:,@@晕 /::8疯了 /:,@!衰 /:!!!骷髅 ` +
	`/:xx敲打 /:bye再见 /:wipe擦汗 /:dig抠鼻 /:handclap鼓掌 /:&-(糗大了 /:B-)坏笑 /:<@左哼哼 /:@>右哼哼 /::-O哈欠 /:>-|鄙视 ` +
	`/:P-(委屈 /::'|快哭了 /:X-)阴险 /::*亲亲 /:@x吓 /:8*可怜 /:pd菜刀 /:<W>西瓜 /:beer啤酒 /:basketb篮球 /:oo乒乓 /:coffee咖啡 ` +
	`/:eat饭 /:pig猪头 /:rose玫瑰 /:fade凋谢 /:showlove嘴唇 /:heart爱心 /:break心碎 /:cake蛋糕 /:li闪电 /:bome炸弹 /:kn刀 ` +
	`/:footb足球 /:ladybug瓢虫 /:shit便便 /:moon月亮 /:sun太阳 /:gift礼物 /:hug拥抱 /:strong强 /:weak弱 /:share握手 /:v胜利 ` +
	`/:@)抱拳 /:jj勾引 /:@@拳头 /:bad差劲 /:lvu爱你 /:no` + "\x00NO" + ` /:ok` + "\x00OK" + ` /:love爱情 /:<L>飞吻 /:jump跳跳 /:shake发抖 /:<O>怄火 ` +
	`/:circle转圈 /:kotow磕头 /:turn回头 /:skip跳绳 /:oY投降 /:#-0激动 /:hiphot乱舞 /:kiss献吻 /:<&左太极 /:&>右太极`

var faceWords = newFaceWords()

// newFaceWords replaces codes by bracketed names, longest code first, because
// codes share prefixes.
func newFaceWords() *strings.Replacer {
	var pairs [][2]string
	for _, f := range strings.Fields(faceCodes) {
		cut := strings.IndexFunc(f, func(r rune) bool { return r == 0 || r > 0x7f })
		pairs = append(pairs, [2]string{f[:cut], "[" + strings.TrimPrefix(f[cut:], "\x00") + "]"})
	}
	sort.SliceStable(pairs, func(i, j int) bool { return len(pairs[i][0]) > len(pairs[j][0]) })
	args := make([]string, 0, 2*len(pairs))
	for _, p := range pairs {
		args = append(args, p[0], p[1])
	}
	return strings.NewReplacer(args...)
}
