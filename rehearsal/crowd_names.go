package rehearsal

import "callbackd"

// names are the nicknames of the crowd's first people, in the order in which
// they join: what looks well first, what breaks programs further on. People
// after these are called by nameParts.
var names = []string{
	"小雨不打伞", "林间有鹿", "阿May🌸", "老周", "Grace", "一颗糖豆", "大鹏展翅", "夏天的风☀️", "南山南", "王小明",
	"Leo 张", "柚子茶", "江城子", "Emma💫", "豆包不是包", "陈师傅", "半夏", "二丫她爸", "云朵☁️", "北方以北",
	"Kevin", "小满", "栗子🌰", "平安是福🌹🌹🌹", "莫名其妙的名字特别特别长的那个人就是我", "Ms. Ångström", "木木夕", "A0 建材批发老李 13楼", "胖虎", "星河滚烫✨",
	"🐱", "苏州河畔", "Anna-Lena Müller", "阳光灿烂", "追风少年", "陈师傅", "李想", "Mr.Right", "猫的报恩", "时光慢递员📮",
	"静静", "田螺姑娘", "Ryan", "春风十里", "橙子🍊", "三人行", "あおい", "김민준", "不吃香菜", "海边的卡夫卡",
	"<b>粗体哥</b>", "小丸子&大熊", "\"引号先生\"", "محمد علي", "\u202eتجربة", "晴天\ue04a", "\ue32d心\ue022", "带\u0014控制符", "行\n尾", "👨\u200d👩\u200d👧\u200d👦一家人",
	"王小明", "𠮷野家", "Zoë", "　全角空格　", "...", "9527", "null", "<script>alert(1)</script>", "🇨🇳🇨🇳🇨🇳", "e\u0301\u0301\u0301clair", "ก็็็็", "小明&nbsp;",
}

// nameParts make a nickname for everybody else; equal ones happen, as in life.
var nameParts = struct{ first, middle, last []string }{
	first:  []string{"小", "阿", "老", "大", "一只", "爱笑的", "安静的", "会飞的", "南方", "北方", "深夜", "迷路的", "云上", "山里", "今天的", "快乐"},
	middle: []string{"雨", "鱼", "猫", "林", "麦子", "柠檬", "星", "木", "海", "橘", "月", "北", "夏", "米", "石头", "桃子", "阳", "河", "风", "雪"},
	last:   []string{"", "", "", "儿", "同学", "先生", "姑娘", "🌿", "🌙", "_", "er", "2013", "🐟", "～", "的朋友", "爸爸"},
}

// places are where the crowd comes from: country, province, city.
var places = [][3]string{
	{"中国", "湖北", "武汉"}, {"中国", "湖北", "宜昌"}, {"中国", "北京", "朝阳"}, {"中国", "上海", "徐汇"}, {"中国", "广东", "深圳"},
	{"中国", "四川", "成都"}, {"中国", "贵州", "贵阳"}, {"中国", "浙江", "杭州"}, {"中国", "黑龙江", "哈尔滨"}, {"中国", "陕西", "西安"},
	{"中国", "福建", "厦门"}, {"中国", "江苏", "苏州"}, {"德国", "柏林", ""}, {"日本", "东京", ""}, {"", "", ""},
}

var signatures = []string{
	"", "", "", "慢慢来，比较快", "好好吃饭，好好睡觉", "山高水长", "Stay hungry, stay foolish", "专业建材，量大从优", "生活明朗，万物可爱 ✨",
	"<i>HTML</i> & \"quotes\"", "今日事今日毕",
}

// nickname is the name of the i-th person of a crowd.
func nickname(seed int64, i int) string {
	if i < len(names) {
		return names[i]
	}
	r := source(seed, "name", i)
	take := func(list []string) string { return list[r.IntN(len(list))] }
	return take(nameParts.first) + take(nameParts.middle) + take(nameParts.last)
}

// profile is what the i-th person tells of themselves.
func profile(seed int64, i int) callbackd.Profile {
	r := source(seed, "profile", i)
	p := places[r.IntN(len(places))]
	return callbackd.Profile{
		Nickname: nickname(seed, i), Gender: callbackd.Gender(r.IntN(3)),
		Country: p[0], Province: p[1], City: p[2],
		Signature: signatures[r.IntN(len(signatures))],
	}
}
