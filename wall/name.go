package wall

import "strings"

// The words of pseudonyms. Kind, short, and nothing that could be taken for a
// remark about the person. Changing or reordering a list renames people:
// append only at a release that says so.
var (
	pseudonymHow = strings.Fields(`
		安静 爱笑 勤快 好奇 温柔 勇敢 机灵 悠闲 开朗 认真 淡定 热心 细心 耐心 活泼 沉稳
		晴朗 清晨 黄昏 午后 月下 雨后 雪中 风里 云端 海边 山间 林中 湖畔 溪边 花间 窗边
		银色 金色 青色 蓝色 橙色 紫色 墨色 白色 琥珀 翡翠 珊瑚 薄荷 柠檬 蜜桃 抹茶 可可
		唱歌 跳舞 画画 读书 写信 赶路 远行 散步 晒太阳 看星星 听雨 追风 数星星 放风筝 骑单车 种花
		打盹 早起 赶海 登山 划船 吹口哨 弹琴 敲鼓 煮茶 烤面包 做梦 旅行 收集贝壳 提灯 撑伞 戴围巾`)
	pseudonymWho = strings.Fields(`
		海豚 鲸鱼 海獭 海龟 企鹅 海鸥 小鹿 麋鹿 羚羊 白马 骆驼 长颈鹿 云豹 狮子 熊猫 考拉
		袋鼠 松鼠 刺猬 水獭 山雀 兔子 猫咪 雪貂 浣熊 树懒 羊驼 绵羊 雪豹 水鹿 斑马 海狮
		燕子 麻雀 喜鹊 云雀 白鹤 天鹅 朱鹮 黄鹂 鹦鹉 猫头鹰 啄木鸟 蜂鸟 翠鸟 鸽子 知更鸟 信天翁
		蜻蜓 蝴蝶 蜜蜂 萤火虫 瓢虫 蜗牛 蝈蝈 锦鲤 小丑鱼 海马 海星 水母 寄居蟹 章鱼 飞鱼 蓝鲸
		银杏 枫叶 松果 莲花 向日葵 蒲公英 竹子 桂花 梧桐 山茶 雏菊 苔藓 风铃 灯塔 纸船 陀螺`)
)

// Pseudonym is the name of a sender whom nobody knows yet, from the random
// value in the sender's row: friendly, never empty, without figures that could
// be taken for an id, and the same in every release. One of 6,400; two people
// on a wall may share one, their faces differ.
func Pseudonym(seed int64) string {
	r := dice(^seed) // another stream than the face's: name and hue shall not go in step
	how := pseudonymHow[r.roll(len(pseudonymHow))]
	who := pseudonymWho[r.roll(len(pseudonymWho))]
	return how + "的" + who
}
