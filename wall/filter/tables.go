package filter

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"github.com/mtibben/confusables"
)

// tsCharacters is OpenCC's table of traditional characters.
//
//go:embed data/opencc-dictionary/TSCharacters.txt
var tsCharacters string

// simplified maps traditional characters to the first of their simplified ones.
var simplified = sync.OnceValue(func() map[rune]rune {
	m := make(map[rune]rune, 4200)
	for line := range strings.Lines(tsCharacters) {
		from, to, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		to, _, _ = strings.Cut(strings.TrimSpace(to), " ")
		m[[]rune(from)[0]] = []rune(to)[0]
	}
	return m
})

// shapeGroups are simplified characters that are written for one another because
// they look alike; the first stands for its group. Only words of two characters
// and more are found by them.
const shapeGroups = `
	微徽薇溦徵 博搏膊傅缚 赌堵睹暏 购构沟 钱线浅 信佶 加茄咖 代伐岱 群裙 号呺 票漂飘
	发友 诈炸榨 骗编 奖桨浆 刷唰 单箪 贷货 款歀 办刅 证症 嬴赢羸 免兔 费废 已己巳 日曰 未末 土士 人入八 千干
	天夭 戊戌戍 大太犬 王玉 月冃 木本 问间闻 网冈 店占 卖买 私和 彩采踩 码玛妈 扫归 官宫 服报`

// shapes maps a character to the first of its group.
var shapes = sync.OnceValue(func() map[rune]rune {
	m := map[rune]rune{}
	for _, group := range strings.Fields(shapeGroups) {
		rs := []rune(group)
		for _, r := range rs[1:] {
			m[r] = rs[0]
		}
	}
	return m
})

// kanaAsHan are kana, and strokes of other scripts, that look like a character.
var kanaAsHan = map[rune]rune{'ロ': '口', 'カ': '力', 'エ': '工', 'ェ': '工', 'タ': '夕', 'ハ': '八', 'ト': '卜', 'ニ': '二', 'ミ': '三', 'ヒ': '匕',
	'メ': '乂', 'チ': '千', 'テ': '亍', 'イ': '亻', 'ム': '厶', 'ネ': '礻', 'ス': '又', '〇': '零', 'ㄚ': '丫', '口': '口'}

// confusableMap is what Unicode (UTS #39) says looks like something else, but for
// scripts in which each character is a word: there it has a line for a one.
var confusableMap = sync.OnceValue(func() map[rune]string {
	m := map[rune]string{}
	for _, span := range [][2]rune{{0x80, 0x2fff}, {0xa000, 0xabff}, {0xf900, 0xffff}, {0x10000, 0x1f2ff}} {
		for r := span[0]; r <= span[1]; r++ {
			if !unicode.IsPrint(r) || unicode.In(r, unicode.Hangul, unicode.Han, unicode.Mn, unicode.P) {
				continue
			}
			if s := confusables.Skeleton(string(r)); s != string(r) {
				m[r] = s
			}
		}
	}
	return m
})

func confusable(r rune) string { return confusableMap()[r] }

// drawnAs is the ASCII letter that a character is a drawing of, where neither its
// decomposition nor UTS #39 says so; 0: none.
func drawnAs(r rune) rune {
	switch {
	case r >= 0x1f1e6 && r <= 0x1f1ff: // regional indicators
		return 'a' + r - 0x1f1e6
	case r >= 0x1f150 && r <= 0x1f169: // white on a black disc
		return 'a' + r - 0x1f150
	case r >= 0x1f170 && r <= 0x1f189: // white on a black square
		return 'a' + r - 0x1f170
	case r >= 0x2776 && r <= 0x277e: // black discs with figures
		return '1' + r - 0x2776
	case r >= 0x2780 && r <= 0x2788, r >= 0x278a && r <= 0x2792:
		return '1' + (r-0x2780)%10
	}
	return drawings[r]
}

// drawings are letters in small capitals, upside down, and of other alphabets
// whose small form Unicode keeps apart from the Latin capital that it looks like.
var drawings = func() map[rune]rune {
	m := map[rune]rune{}
	for _, pair := range strings.Fields(`aᴀɐɑαаДд bʙБЬвВßþ cᴄƆɔсС dᴅԁ eᴇǝɘеЕєЄε fꜰɟƒ gɢƃɡ hʜɥнНһ iɪıіІïι jᴊɾյ kᴋʞкКκ lʟ mᴍɯмМ nɴпПиИηй oᴏоОοσ
		pᴘрРρ qϙ rʀɹгяЯ sꜱѕЅ tᴛʇтТτ uᴜυц vᴠʌνѵ wᴡʍшШщωѡ xхХχ yʏʎуУүγ zᴢ`) {
		rs := []rune(pair)
		for _, r := range rs[1:] {
			m[r] = rs[0]
		}
	}
	return m
}()

// asciiPieces folds ASCII: case, figures that stand for letters, and signs that do.
var asciiPieces = func() (all [128]piece) {
	for r := 'a'; r <= 'z'; r++ {
		all[r] = piece{r: r, exact: r, class: letter}
		all[r-'a'+'A'] = all[r]
	}
	set := func(from string, to rune, c class) {
		for _, r := range from {
			all[r] = piece{r: to, exact: to, class: c}
		}
	}
	set("iI", 'l', letter) // as l and 1 are
	for r, to := range map[rune]rune{'0': 'o', '1': 'l', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'b', '7': 't', '8': 'b', '9': 'g'} {
		all[r] = piece{r: to, exact: r, class: figure}
	}
	set("@", 'a', sign)
	set("$", 's', sign)
	set("!|", 'l', sign)
	set("+", 't', sign)
	return all
}()
